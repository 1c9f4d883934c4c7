"""What a researcher would write in PyTorch: float32, one thread, eager. Each function returns one turn of its work."""

import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(1)


def mlp_net(widths):
    parts = []
    for i, o in zip(widths, widths[1:]):
        parts += [nn.Linear(i, o), nn.ReLU()]
    return nn.Sequential(*parts[:-1])


def lenet_net():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )


class Block(nn.Module):
    def __init__(self, inputs, width, stride):
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(inputs, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width),
        )
        project = [nn.Conv2d(inputs, width, 1, stride, bias=False), nn.BatchNorm2d(width)]
        self.skip = nn.Sequential(*(project if stride > 1 or inputs != width else []))

    def forward(self, x):
        return F.relu(self.main(x) + self.skip(x))


def resnet_net():
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
        Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2), nn.AvgPool2d(8), nn.Flatten(), nn.Linear(64, 10),
    )


def training(net, x, y, batch, steps, rate=0.1, momentum=0.0):
    """`steps` steps of SGD over shuffled batches, an epoch's order at a time."""
    optimizer = torch.optim.SGD(net.parameters(), lr=rate, momentum=momentum)
    state = {"order": torch.randperm(len(y)), "used": 0}

    def turn():
        for _ in range(steps):
            if state["used"] >= len(y):
                state.update(order=torch.randperm(len(y)), used=0)
            rows = state["order"][state["used"] : state["used"] + batch]
            state["used"] += batch
            optimizer.zero_grad()
            F.cross_entropy(net(x[rows]), y[rows]).backward()
            optimizer.step()

    return turn


def mlp(hidden, batch, steps, x, y):
    return training(mlp_net([784, *hidden, 10]), torch.from_numpy(x), torch.from_numpy(y), batch, steps)


def lenet(batch, steps, x, y):
    return training(lenet_net(), torch.from_numpy(x).reshape(-1, 1, 28, 28), torch.from_numpy(y), batch, steps, 0.05)


def resnet(batch, steps, x, y, channels_last):
    order = torch.channels_last if channels_last else torch.contiguous_format
    x = torch.from_numpy(x).reshape(-1, 3, 32, 32).to(memory_format=order)
    return training(resnet_net().to(memory_format=order), x, torch.from_numpy(y), batch, steps, 0.05, 0.9)


def products(hidden, x, y, chunk):
    """A gradient, and a Hessian–vector product by two ways back, over all of x in chunks."""
    net = mlp_net([784, *hidden, 10])
    x, y, parameters = torch.from_numpy(x), torch.from_numpy(y), list(net.parameters())
    direction = [torch.randn_like(p) for p in parameters]
    pieces = list(zip(x.split(chunk), y.split(chunk)))

    def gradient():
        for p in parameters:
            p.grad = None
        for rows, labels in pieces:
            (F.cross_entropy(net(rows), labels, reduction="sum") / len(y)).backward()

    def hvp():
        total = [torch.zeros_like(p) for p in parameters]
        for rows, labels in pieces:
            loss = F.cross_entropy(net(rows), labels, reduction="sum") / len(y)
            first = torch.autograd.grad(loss, parameters, create_graph=True)
            along = sum((g * v).sum() for g, v in zip(first, direction))
            for t, part in zip(total, torch.autograd.grad(along, parameters)):
                t += part

    return gradient, hvp


def multiply(m, k, n):
    a, b = torch.randn(m, k), torch.randn(k, n)
    out = torch.empty(m, n)
    return lambda: torch.mm(a, b, out=out)
