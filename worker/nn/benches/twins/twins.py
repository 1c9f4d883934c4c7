"""The same work in our engine, PyTorch and (where installed) JAX, in turns: a Markdown table of medians and ratios.

Called by twins.sh, which pins it to one core. Times are the processor's seconds, so that other work on the machine
does not count, but for the row of two slots, which needs a quiet machine.
"""

import gzip
import os
import re
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
import numpy as np  # noqa: E402
import torch_twins  # noqa: E402

try:
    import jax_twins
except ImportError:
    jax_twins = None

N_RESNET = 1024


@dataclass
class Row:
    """One line of the table: what we run, and by name what beside it: functions of no arguments, or our own commands."""

    name: str
    ours: list = field(default_factory=list)
    twins: dict = field(default_factory=dict)


def mnist(folder):
    images = gzip.open(f"{folder}/train-images-idx3-ubyte.gz").read()[16:]
    labels = gzip.open(f"{folder}/train-labels-idx1-ubyte.gz").read()[8:]
    x = np.frombuffer(images, np.uint8).reshape(-1, 784).astype(np.float32) / 255
    return x, np.frombuffer(labels, np.uint8).astype(np.int64)


def gemm_limit(widths, batch, steps, repeats=30):
    """A turn of nothing but the products of a step: forward, gradient of the weights, gradient of the inputs.

    The inputs of the first layer need no gradient. Each product takes the fastest of NumPy's, PyTorch's and (where
    installed) JAX's, found beforehand, with operands in place.
    """
    shapes = []
    for layer, (i, o) in enumerate(zip(widths, widths[1:])):
        shapes += [(batch, i, o), (i, batch, o)] + ([(batch, o, i)] if layer else [])
    products = []
    for m, k, n in shapes:
        a, b, out = np.ones((m, k), np.float32), np.ones((k, n), np.float32), np.empty((m, n), np.float32)
        candidates = [lambda a=a, b=b, out=out: np.matmul(a, b, out=out), torch_twins.multiply(m, k, n)]
        candidates += [jax_twins.multiply(m, k, n)] if jax_twins else []
        products.append(min(candidates, key=lambda f: min(seconds(f) for _ in range(repeats))))

    def turn():
        for _ in range(steps):
            for product in products:
                product()

    return turn


def mlp_row(program, folder, hidden, batch, data, scale="unit"):
    steps = -(-60000 // batch)
    net = "-".join(map(str, [784, *hidden, 10]))
    words = [program, "train", folder, ",".join(map(str, hidden)), str(batch), str(steps), scale]
    twins = {"GEMM limit": gemm_limit([784, *hidden, 10], batch, steps)}
    if scale == "unit":
        twins["PyTorch"] = torch_twins.mlp(hidden, batch, steps, *data)
        if jax_twins:
            twins["JAX"] = jax_twins.mlp(hidden, batch, steps, *data)
    return Row(f"MLP {net}, batch {batch}, {scale}, an epoch", words, twins)


def product_rows(program, folder, data):
    x, y = (part[:10000] for part in data)
    gradient, hvp = torch_twins.products([256, 256], x, y, 10000)
    small_gradient, small_hvp = torch_twins.products([256, 256], x, y, 500)
    twins = [{"PyTorch": gradient, "PyTorch, chunks of 500": small_gradient}, {"PyTorch": hvp, "PyTorch, chunks of 500": small_hvp}]
    if jax_twins:
        for row, turn in zip(twins, jax_twins.products([256, 256], x, y)):
            row["JAX"] = turn
    words = lambda what: [program, what, folder, "256,256", "10000"]
    if program != "-":
        twins[1] = {"our gradient": words("gradient")} | twins[1]
    net = "10,000 examples, MLP 784-256-256-10"
    return [
        Row(f"gradient, {net}", words("gradient"), twins[0]),
        Row(f"Hessian–vector product at fixed weights, {net}", words("hvp"), twins[1]),
    ]


def rows(program, folder):
    data = mnist(folder)
    for hidden, batch in (([256, 256], 128), ([128], 64), ([32], 64)):
        yield mlp_row(program, folder, hidden, batch, data)
    yield mlp_row(program, folder, [256, 256], 128, data, "standardize")
    words = [program, "train", folder, "lenet5", "64", "100", "unit"]
    yield Row("LeNet-5, MNIST, batch 64, 100 steps", words, {"PyTorch": torch_twins.lenet(64, 100, *data)})
    rng = np.random.default_rng(0)
    x, y = rng.random((N_RESNET, 3072), np.float32), rng.integers(0, 10, N_RESNET)
    twins = {
        "PyTorch": torch_twins.resnet(64, 8, x, y, False),
        "PyTorch, channels last": torch_twins.resnet(64, 8, x, y, True),
    }
    yield Row("ResNet-8, 3×32×32, batch norm, batch 64, 8 steps", [program, "train", "random", "resnet8", "64", "8", "unit"], twins)
    yield from product_rows(program, folder, data)


def seconds(turn):
    if isinstance(turn, list):
        return ours(turn)
    start = time.process_time()
    turn()
    return time.process_time() - start


def run(words):
    found = subprocess.run(words, capture_output=True, text=True)
    if found.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: {found.stderr.strip()}")
    return found.stdout


def ours(words):
    return float(re.search(r"seconds ([0-9.]+)", run(words))[1])


def measure(row, rounds, with_ours):
    """Medians by name, ours first; every round runs all of them once."""
    times = {name: [] for name in (["ours"] if with_ours else []) + list(row.twins)}
    for turn in row.twins.values():
        seconds(turn)
    for _ in range(rounds):
        if with_ours:
            times["ours"].append(ours(row.ours))
        for name, turn in row.twins.items():
            times[name].append(seconds(turn))
    return {name: statistics.median(t) for name, t in times.items()}


def two_slots(program, folder, rounds):
    """One slot on one core, and two slots of one process on two: by the clock on the wall, and by the processor's.

    On a busy machine only the second says something: how much the slots slow each other down.
    """
    turns = {1: [], 2: []}
    for _ in range(rounds):
        for n in turns:
            words = [program, "slots", folder, "256,256", "128", "938", str(n)]
            found = run(["taskset", "-c", "0" if n == 1 else "0,1", *words])
            turns[n].append([float(re.search(f"{clock} ([0-9.]+)", found)[1]) for clock in ("seconds", "processor")])
    (wall, cpu), (wall2, cpu2) = ([statistics.median(t) for t in zip(*times)] for times in turns.values())
    times = f"one slot {wall:.3f} s, two {wall2:.3f} s; processor's {cpu:.3f} s and {cpu2:.3f} s"
    free = f"; were both cores free, {4 * cpu / cpu2:.2f}"
    print(f"| two slots on two cores, 938 steps each | {times} | {2 * wall / wall2:.2f} × one slot{free} |")


def main(program, folder, rounds, wanted):
    with_ours = program != "-"
    print("| work | median seconds | ours / theirs |\n| --- | --- | --- |", flush=True)
    for row in rows(program, folder):
        if wanted in row.name:
            medians = measure(row, rounds, with_ours)
            ratios = [f"{name} {medians['ours'] / t:.3f}" for name, t in medians.items() if with_ours and name != "ours"]
            times = ", ".join(f"{name} {t:.4f}" for name, t in medians.items())
            print(f"| {row.name} | {times} | {', '.join(ratios)} |", flush=True)
    if with_ours and wanted in "two slots on two cores":
        two_slots(program, folder, rounds)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] if len(sys.argv) > 4 else "")
