"""The forward pass of a run's network in NumPy, in f64: slow and plain. Shapes and places in θ are those of graph.py."""

import math
import pathlib
import sys

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

sys.path.insert(0, str(pathlib.Path(__file__).parent / "../../worker/nn/tests/fixtures"))
from graph import Graph  # noqa: E402

EPSILON = 1e-5

ACTIVATIONS = {
    "relu": lambda z: np.maximum(z, 0), "tanh": np.tanh, "gelu": lambda z: z * np.vectorize(phi)(z),
    "silu": lambda z: z / (1 + np.exp(-z)), "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "identity": lambda z: z,
}


def phi(z):
    """The normal distribution function."""
    return math.erfc(-z / math.sqrt(2)) / 2


def windows(v, size, stride):
    """Every window of an image: (examples, channels, rows, columns, size, size)."""
    return sliding_window_view(v, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]


class Network(Graph):
    def forward(self, theta, x, buffers):
        """Logits in evaluation mode."""
        values = [x.reshape(len(x), *self.shapes[0])]
        for node, shape in zip(self.nodes, self.shapes[1:]):
            v = self.apply(node, theta, values[node.input], values, buffers)
            values.append(ACTIVATIONS[node.activation](v).reshape(len(x), *shape))
        return values[-1].reshape(len(x), -1)

    def apply(self, node, theta, v, values, buffers):
        weight, bias = [None if p is None else theta[p[0]].reshape(p[1]) for p in (node.weight, node.bias)]
        flat = v.reshape(len(v), -1)
        if node.kind == "dense":
            return flat @ weight.T + (0 if bias is None else bias)
        if node.kind == "conv":
            pad = ((0, 0), (0, 0), (node.pad, node.pad), (node.pad, node.pad))
            z = np.einsum("nchwij,ocij->nohw", windows(np.pad(v, pad), weight.shape[-1], node.stride), weight, optimize=True)
            return z + (0 if bias is None else bias[:, None, None])
        if node.kind == "pool":
            of = windows(v, node.size, node.stride)
            return of.max((4, 5)) if node.how == "max" else of.mean((4, 5))
        if node.kind == "batch norm":
            mean, variance = buffers[node.buffers].reshape(2, -1, 1, 1)
            return (v - mean) / np.sqrt(variance + EPSILON) * weight[:, None, None] + bias[:, None, None]
        if node.kind == "layer norm":
            centred = flat - flat.mean(1, keepdims=True)
            return centred / np.sqrt((centred**2).mean(1, keepdims=True) + EPSILON) * weight + bias
        if node.kind == "add":
            return v + values[node.other]
        return v  # dropout


def point(weights, step):
    """θ and the running statistics of a kept snapshot, flat and in f64, layer by layer as they are numbered."""
    prefix = f"step.{step}.layers."
    names = [name.removeprefix(prefix).split(".") for name in weights if name.startswith(prefix)]
    gather = lambda parts: [
        weights[f"{prefix}{layer}.{part}"].astype(np.float64).ravel()
        for layer in sorted({int(layer) for layer, _ in names}) for part in parts if [str(layer), part] in names
    ]
    buffers = gather(("running_mean", "running_var"))
    return np.concatenate(gather(("weight", "bias"))), np.concatenate(buffers) if buffers else np.zeros(0)
