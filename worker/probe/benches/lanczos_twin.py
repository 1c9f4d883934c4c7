"""The twin of lanczos.rs: the same network, weights and images by curvlinops (PyTorch) and SciPy's ARPACK.

    cargo bench -p traipse-probe --bench lanczos -- MNIST_FOLDER theta.bin
    taskset -c 0 python3 lanczos_twin.py MNIST_FOLDER theta.bin [BATCH]

ARPACK is stopped after as many products as lanczos.rs takes; its time on the processor is given for these. `plain` is PyTorch's own
Hessian-vector product (double backward) on the whole set at once.
"""

import gzip
import sys
import time

import numpy as np
import torch
from curvlinops import HessianLinearOperator
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

N_PRODUCTS, TOP = 62, 10
torch.set_num_threads(1)


def read(folder, name, offset):
    with gzip.open(f"{folder}/{name}-ubyte.gz") as file:
        return np.frombuffer(file.read(), np.uint8, offset=offset)


def subset(labels, n):
    """The first rows of each class alike: as hard as any other balanced subset."""
    return np.concatenate([np.flatnonzero(labels == k)[: n // 10] for k in range(10)])


def network(theta):
    widths = [784, 256, 256, 10]
    linears = [torch.nn.Linear(a, b) for a, b in zip(widths, widths[1:])]
    at = 0
    for linear in linears:
        for parameter in (linear.weight, linear.bias):
            values = theta[at : at + parameter.numel()].reshape(parameter.shape)
            parameter.data = torch.from_numpy(values.copy())
            at += parameter.numel()
    return torch.nn.Sequential(linears[0], torch.nn.ReLU(), linears[1], torch.nn.ReLU(), linears[2])


def plain(model, x, y):
    parameters = list(model.parameters())
    loss = torch.nn.functional.cross_entropy(model(x), y)
    gradient = torch.cat([g.reshape(-1) for g in torch.autograd.grad(loss, parameters, create_graph=True)])

    def product(v):
        v = torch.from_numpy(np.asarray(v, np.float32).reshape(-1))
        parts = torch.autograd.grad(gradient @ v, parameters, retain_graph=True)
        return torch.cat([p.reshape(-1) for p in parts]).numpy()

    return product


def timed(name, start, product, d):
    count = 0

    def counted(v):
        nonlocal count
        count += 1
        return product(v)

    operator = LinearOperator((d, d), matvec=counted, dtype=np.float32)
    try:
        values = eigsh(operator, k=TOP, which="LA", ncv=N_PRODUCTS - 2, maxiter=1, v0=np.random.default_rng(0).standard_normal(d).astype(np.float32), return_eigenvectors=False)
    except ArpackNoConvergence as error:
        values = error.eigenvalues
    seconds = time.process_time() - start
    print(f"{name}: {seconds * N_PRODUCTS / count:.2f} s for {N_PRODUCTS} products ({seconds:.2f} s for {count}): {np.sort(values)[::-1]}")


def main():
    folder, file = sys.argv[1:3]
    batch = int(sys.argv[3]) if len(sys.argv) > 3 else 10_000
    images = read(folder, "train-images-idx3", 16).reshape(-1, 784)
    labels = read(folder, "train-labels-idx1", 8)
    rows = subset(labels, 10_000)
    x = torch.from_numpy(np.float32(images[rows]) / np.float32(255))
    y = torch.from_numpy(labels[rows].astype(np.int64))
    model = network(np.fromfile(file, "<f4"))
    d = sum(p.numel() for p in model.parameters())

    start = time.process_time()
    timed("plain", start, plain(model, x, y), d)

    start = time.process_time()
    data = list(zip(x.split(batch), y.split(batch)))
    operator = HessianLinearOperator(
        model, torch.nn.CrossEntropyLoss(), list(model.parameters()), data, check_deterministic=False
    )
    product = lambda v: (operator @ torch.from_numpy(np.asarray(v, np.float32).reshape(-1))).numpy()
    timed("curvlinops", start, product, d)


main()
