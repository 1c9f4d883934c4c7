"""Retrains one run outside Traipse and compares the loss at every snapshot with what the tables say.

    python check.py            needs NumPy alone

Beside this file lie data.npz (examples as the network sees them), init.safetensors (the weights at step 0), order.npy (the examples of
every step, padded by -1) and config.json (settings, learning rates, snapshots and the losses in the tables). Plain perceptrons under SGD;
what else a run may have is refused by name. Everything is computed in f64; a run in f32 differs by its rounding, which training amplifies.
"""

import json
import math
import pathlib
import sys

import numpy as np

HERE = pathlib.Path(__file__).parent
CONFIG = json.loads((HERE / "config.json").read_text())
MODEL, TRAIN = CONFIG["settings"]["model"], CONFIG["settings"]["train"]
TOLERANCE = {"f32": 1e-3, "f64": 1e-8}[TRAIN["precision"]]  # of a loss, relative to the larger of it and 1

phi = np.vectorize(lambda z: math.erfc(-z / math.sqrt(2)) / 2)
density = lambda z: np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
sigmoid = lambda z: 1 / (1 + np.exp(-z))
ACTIVATIONS = {  # the function and its derivative
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(float)),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "sigmoid": (sigmoid, lambda z: sigmoid(z) * (1 - sigmoid(z))),
    "silu": (lambda z: z * sigmoid(z), lambda z: sigmoid(z) * (1 + z * (1 - sigmoid(z)))),
    "gelu": (lambda z: z * phi(z), lambda z: phi(z) + z * density(z)),
    "identity": (lambda z: z, np.ones_like),
}
F, DF = ACTIVATIONS.get(MODEL["activation"], (None, None))


def refuse():
    fork = CONFIG["settings"].get("fork") or {}
    changed = [key for key, value in (fork.get("train") or {}).items() if value is not None]
    for holds, why in [
        (MODEL["kind"] != "mlp", f"model.kind = {MODEL['kind']}: this script has dense layers alone"),
        (TRAIN["optimizer"] != "sgd", f"train.optimizer = {TRAIN['optimizer']}: this script has SGD alone"),
        (MODEL.get("norm", "none") != "none", f"model.norm = {MODEL.get('norm')}: this script has no norms"),
        (bool(MODEL.get("dropout")), "model.dropout: its masks are not exported"),
        (bool(TRAIN.get("augment")), "train.augment: its draws are not exported"),
        (F is None, f"model.activation = {MODEL['activation']}: this script does not have it"),
        (bool(changed) or fork.get("state") == "reset", "a fork that changes settings or resets moments"),
    ]:
        if holds:
            sys.exit(f"cannot check this run: {why}")


def tensors(path):
    raw = path.read_bytes()
    start = 8 + int.from_bytes(raw[:8], "little")
    of = {"F32": np.float32, "F64": np.float64}
    entries = {name: entry for name, entry in json.loads(raw[8:start]).items() if name != "__metadata__"}
    read = lambda e: np.frombuffer(raw[start:][slice(*e["data_offsets"])], of[e["dtype"]]).reshape(e["shape"]).astype(float)
    return {name: read(entry) for name, entry in entries.items()}


def layers(theta):
    n = 1 + max(int(name.split(".")[1]) for name in theta)
    return [(theta[f"layers.{i}.weight"], theta.get(f"layers.{i}.bias", 0.0)) for i in range(n)]


def forward(theta, x):
    before, after = [], [x.astype(float)]
    for i, (weight, bias) in enumerate(layers(theta)):
        before.append(after[-1] @ weight.T + bias)
        after.append(F(before[-1]) if i + 1 < len(layers(theta)) else before[-1])
    return before, after


def scores(z, y):
    """Losses of some examples, and what they say of the logits."""
    if TRAIN["loss"] == "mse":
        d = z - (np.eye(z.shape[1])[y] if y.ndim == 1 else y)
        return (d**2).sum(1) / 2, d
    z = z - z.max(1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    return -(z[np.arange(len(y)), y] - np.log(np.exp(z).sum(1))), p - np.eye(z.shape[1])[y]


def gradient(theta, x, y):
    before, after = forward(theta, x)
    delta = scores(after[-1], y)[1] / len(x)
    out = {}
    for i in reversed(range(len(before))):
        out[f"layers.{i}.weight"], out[f"layers.{i}.bias"] = delta.T @ after[i], delta.sum(0)
        delta = delta @ theta[f"layers.{i}.weight"] * DF(before[i - 1]) if i else None
    return {name: out[name] for name in theta}


def loss(theta, x, y):
    parts = [scores(forward(theta, x[i : i + 4096])[1][-1], y[i : i + 4096])[0].sum() for i in range(0, len(x), 4096)]
    return sum(parts) / len(x)


def main():
    refuse()
    data, order, theta = np.load(HERE / "data.npz"), np.load(HERE / "order.npy"), tensors(HERE / "init.safetensors")
    x, y, probe = data["train_x"], data["train_y"], data["probe"]
    speed = {name: np.zeros_like(value) for name, value in theta.items()}
    step, worst, decay, momentum = 0, 0.0, TRAIN["weight_decay"], TRAIN["momentum"]
    for snapshot in CONFIG["snapshots"]:
        while step < snapshot["step"]:
            rows = order[step][order[step] >= 0]
            for name, g in gradient(theta, x[rows], y[rows]).items():
                if name.endswith("weight") or TRAIN["decay_biases"]:
                    g = g + decay * theta[name]
                speed[name] = momentum * speed[name] + g
                move = g + momentum * speed[name] if TRAIN["nesterov"] else speed[name]
                theta[name] = theta[name] - CONFIG["learning_rates"][step] * move
            step += 1
        rows = probe[: snapshot["n_probe"]]
        for name, found in [("train_loss", loss(theta, x[rows], y[rows])), ("test_loss", loss(theta, data["test_x"], data["test_y"]))]:
            difference = abs(found - snapshot[name]) / max(1, abs(snapshot[name]))
            worst = max(worst, difference)
            if not difference <= TOLERANCE:
                print(f"step {step}: {name} is {snapshot[name]} in the table, {found} here")
    print(f"{len(CONFIG['snapshots'])} snapshots, {step} steps: largest difference {worst:.2e}, tolerance {TOLERANCE:.0e}")
    sys.exit(not worst <= TOLERANCE)


main()
