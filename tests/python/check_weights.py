"""Runs kept weights forward in PyTorch and checks the losses that the tables state, to 1e-5.

    python check_weights.py TABLES [MNIST_DIR]

TABLES is a folder that `traipse local` or `traipse collect` wrote, with `[snapshots] keep = true`; every kept snapshot of every run is checked. Needs
torch, safetensors and pyarrow. Without torch the same forward pass runs in NumPy.
"""

import gzip
import json
import pathlib
import struct
import sys

import numpy as np
import pyarrow.parquet as pq
from forward import point
from safetensors.numpy import load_file

try:
    import torch
    from networks import Network
except ImportError:
    torch = None
    from forward import Network

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


def logits(net, theta, buffers, x):
    """The network's outputs in evaluation mode, in f64, by PyTorch where it is."""
    if torch is None:
        return net.forward(theta, x, buffers)
    return net.forward(*map(torch.from_numpy, (theta, x, buffers))).numpy()


def loss(name, z, y):
    """Mean cross-entropy, or half the mean squared distance from one-hot targets."""
    if name == "mse":
        return float(((z - np.eye(z.shape[1])[y]) ** 2).sum(1).mean() / 2)
    z = z - z.max(1, keepdims=True)
    return float(np.mean(np.log(np.exp(z).sum(1)) - z[np.arange(len(y)), y]))


def check_run(settings, rows, weights, sets):
    """The largest difference of a loss over a run's kept snapshots."""
    train, test = sets
    side = 8 if settings["data"]["name"] == "digits" else 28
    net, worst = Network(settings["model"], (1, side, side), 10), 0.0
    of = lambda point, split: loss(settings["train"]["loss"], logits(net, *point, split[0]), split[1])
    for row in rows:
        at = point(weights, row["step"])
        worst = max(worst, abs(of(at, test) - row["test_loss"]))
        if row["n_probe"] == len(train[1]):
            worst = max(worst, abs(of(at, train) - row["train_loss"]))
    return worst


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
        rows = [row for row in trajectory if row["run"] == run["run"]]
        worst = max(worst, check_run(settings, rows, load_file(path), sets))
        checked += len(rows)
    if checked == 0:
        sys.exit(f"{tables / 'snapshots'} holds no kept weights of these runs: nothing was checked")
    print(f"{checked} snapshots checked with {'PyTorch' if torch else 'NumPy'}: largest difference of a loss {worst:.2e}")
    if not worst <= TOLERANCE:
        sys.exit(f"that is more than {TOLERANCE}")


main()
