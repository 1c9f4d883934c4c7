"""Epochs of one net in our engine, PyTorch and JAX, in turns; medians of the processor's seconds. See twins.sh."""

import gzip
import os
import re
import statistics
import subprocess
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"
import numpy as np  # noqa: E402
import torch  # noqa: E402

try:
    import jax
    import jax.numpy as jnp
except ImportError:
    jax = None

ROWS = [([256, 256], 128), ([128], 64), ([32], 64)]


def mnist(folder):
    images = gzip.open(f"{folder}/train-images-idx3-ubyte.gz").read()[16:]
    labels = gzip.open(f"{folder}/train-labels-idx1-ubyte.gz").read()[8:]
    x = np.frombuffer(images, np.uint8).reshape(-1, 784).astype(np.float32) / 255
    return x, np.frombuffer(labels, np.uint8).astype(np.int64)


def torch_twin(hidden, batch, x, y):
    torch.set_num_threads(1)
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    widths, parts = [784, *hidden, 10], []
    for i, o in zip(widths, widths[1:]):
        parts += [torch.nn.Linear(i, o), torch.nn.ReLU()]
    net = torch.nn.Sequential(*parts[:-1])
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)

    def epoch():
        order = torch.randperm(len(y))
        for first in range(0, len(y), batch):
            rows = order[first : first + batch]
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(net(x[rows]), y[rows]).backward()
            optimizer.step()

    return epoch


def jax_twin(hidden, batch, x, y):
    x, y, n = jnp.asarray(x), jnp.asarray(y), len(y) // batch
    widths, rng = [784, *hidden, 10], np.random.default_rng(0)
    start = [(jnp.asarray(rng.normal(size=(i, o)) * (2 / i) ** 0.5, jnp.float32), jnp.zeros(o)) for i, o in zip(widths, widths[1:])]

    def loss(layers, x, y):
        for w, b in layers[:-1]:
            x = jax.nn.relu(x @ w + b)
        w, b = layers[-1]
        return -jnp.take_along_axis(jax.nn.log_softmax(x @ w + b), y[:, None], 1).mean()

    @jax.jit
    def whole(layers, order):
        def step(layers, rows):
            gradient = jax.grad(loss)(layers, x[rows], y[rows])
            return jax.tree.map(lambda p, g: p - 0.1 * g, layers, gradient), None

        return jax.lax.scan(step, layers, order)[0]

    state = [start, rng]

    def epoch():
        order = jnp.asarray(state[1].permutation(len(y))[: n * batch].reshape(n, batch))
        state[0] = jax.block_until_ready(whole(state[0], order))

    return epoch


def seconds(epoch):
    start = time.process_time()
    epoch()
    return time.process_time() - start


def ours(program, folder, hidden, batch):
    words = [program, folder, ",".join(map(str, hidden)), str(batch), "2"]
    text = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return float(re.findall(r"seconds ([0-9.]+)", text)[-1])


def main(program, folder, rounds):
    x, y = mnist(folder)
    for hidden, batch in ROWS:
        twins = {"torch": torch_twin(hidden, batch, x, y)}
        if jax:
            twins["jax"] = jax_twin(hidden, batch, x, y)
        times = {"ours": [], **{name: [] for name in twins}}
        for twin in twins.values():
            twin()
        for _ in range(rounds):
            times["ours"].append(ours(program, folder, hidden, batch))
            for name, twin in twins.items():
                times[name].append(seconds(twin))
        median = {name: statistics.median(t) for name, t in times.items()}
        net = "-".join(map(str, [784, *hidden, 10]))
        print(f"{net} batch {batch}: " + ", ".join(f"{name} {t:.4f}" for name, t in median.items()), end="; ")
        print(", ".join(f"ours / {name} = {median['ours'] / median[name]:.3f}" for name in twins), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
