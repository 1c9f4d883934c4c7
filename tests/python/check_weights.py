"""Loads kept weights into PyTorch and checks the losses that the tables state, to 1e-5.

    python check_weights.py TABLES [MNIST_DIR]

TABLES is a folder that `traipse local` or `traipse collect` wrote, with `[snapshots] keep = true`; every kept snapshot of every run is checked. Needs
torch, safetensors and pyarrow. Without torch (but with NumPy) the same forward pass runs in NumPy.
"""

import gzip
import json
import pathlib
import struct
import sys

import numpy as np
import pyarrow.parquet as pq
from safetensors.numpy import load_file

try:
    import torch
except ImportError:
    torch = None

HERE = pathlib.Path(__file__).parent
TOLERANCE = 1e-5


def digits():
    """The embedded digits: pixels / 16, every fifth row of a class is test."""
    raw = np.frombuffer(gzip.open(HERE / "../../worker/nn/data/digits.u8.gz").read(), np.uint8)
    labels = raw[1797 * 64 :].astype(np.int64)
    rank = np.zeros(len(labels), int)
    for c in range(10):
        rows = np.flatnonzero(labels == c)
        rank[rows] = np.arange(1, len(rows) + 1)
    test = rank % 5 == 0
    x = raw[: 1797 * 64].reshape(1797, 64) / 16.0
    return (x[~test], labels[~test]), (x[test], labels[test])


def idx(folder, stem):
    """One IDX file, plain or .gz."""
    for path in (folder / stem, folder / f"{stem}.gz"):
        if path.exists():
            raw = (gzip.open if path.suffix == ".gz" else open)(path, "rb").read()
            shape = struct.unpack(f">{raw[3]}I", raw[4 : 4 + 4 * raw[3]])
            return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(shape)
    sys.exit(f"{folder / stem} is missing")


def mnist(folder):
    """MNIST: pixels / 255."""
    sets = []
    for name in ("train", "t10k"):
        x = idx(folder, f"{name}-images-idx3-ubyte").reshape(-1, 784) / 255.0
        sets.append((x, idx(folder, f"{name}-labels-idx1-ubyte").astype(np.int64)))
    return sets


def logits(weights, step, activation, x):
    """The network's outputs, in f64, by PyTorch where it is."""
    n_layers = sum(name.startswith(f"step.{step}.layers.") and name.endswith(".weight") for name in weights)
    act = {
        "relu": lambda z: np.maximum(z, 0),
        "tanh": np.tanh,
        "identity": lambda z: z,
        "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    }
    if torch is not None:
        act = {name: getattr(torch, name) for name in ("relu", "tanh", "sigmoid")}
        act |= {"gelu": torch.nn.functional.gelu, "silu": torch.nn.functional.silu, "identity": lambda z: z}
        x = torch.from_numpy(x)
    for n in range(n_layers):
        w, b = (weights[f"step.{step}.layers.{n}.{part}"].astype(np.float64) for part in ("weight", "bias"))
        if torch is not None:
            x = torch.nn.functional.linear(x, torch.from_numpy(w), torch.from_numpy(b))
        else:
            x = x @ w.T + b
        if n + 1 < n_layers:
            x = act[activation](x)
    return x


def loss(z, y):
    """Mean cross-entropy."""
    if torch is not None:
        return torch.nn.functional.cross_entropy(z, torch.from_numpy(y)).item()
    z = z - z.max(1, keepdims=True)
    return float(np.mean(np.log(np.exp(z).sum(1)) - z[np.arange(len(y)), y]))


def main():
    tables = pathlib.Path(sys.argv[1])
    runs = pq.read_table(tables / "runs.parquet").to_pylist()
    trajectory = pq.read_table(tables / "trajectory.parquet").to_pylist()
    checked, worst = 0, 0.0
    sets = None
    for run in runs:
        path = tables / "snapshots" / f"{run['run_id']}.safetensors"
        if not path.exists():
            continue
        settings = json.loads(run["settings"])
        if sets is None:
            sets = digits() if settings["data"]["name"] == "digits" else mnist(pathlib.Path(sys.argv[2]))
        train, test = sets
        weights = load_file(path)
        for row in (row for row in trajectory if row["run"] == run["run"]):
            z = logits(weights, row["step"], settings["model"]["activation"], test[0])
            worst = max(worst, abs(loss(z, test[1]) - row["test_loss"]))
            if row["n_probe"] == len(train[1]):
                z = logits(weights, row["step"], settings["model"]["activation"], train[0])
                worst = max(worst, abs(loss(z, train[1]) - row["train_loss"]))
            checked += 1
    if checked == 0:
        sys.exit(f"{tables / 'snapshots'} holds no kept weights of these runs: nothing was checked")
    print(f"{checked} snapshots checked with {'PyTorch' if torch else 'NumPy'}: largest difference of a loss {worst:.2e}")
    if not worst <= TOLERANCE:
        sys.exit(f"that is more than {TOLERANCE}")


main()
