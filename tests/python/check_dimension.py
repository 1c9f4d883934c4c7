"""Recomputes the path's dimension, its diffusion and the walk with momentum from gram.parquet in NumPy.

    python check_dimension.py TABLES

TABLES is a folder that `traipse local tests/python/paths.toml` wrote. Nothing is read but the tables: every number here is
a function of the step Gram matrix, of the snapshots' steps and of the optimiser's momentum. Positions are taken from an
eigendecomposition of the matrix, so that what Traipse finds by sums over its blocks is found here from coordinates. Needs
NumPy and pyarrow.
"""

import json
import pathlib
import sys

import numpy as np
import pyarrow.parquet as pq

WINDOWS, COMPONENTS, MAX_LAG = 4, 2, 0.5


def check(what, found, expected, tolerance=1e-6):
    assert found is not None and abs(found - expected) <= tolerance * max(abs(expected), 1e-3), f"{what}: table {found}, NumPy {expected}"


def matrix_of(row):
    n = len(row["steps"]) - 1
    matrix = np.zeros((n, n))
    matrix[np.triu_indices(n)] = row["gram"]
    return matrix + np.triu(matrix, 1).T


def steps_of(matrix):
    """Vectors with that Gram matrix, as rows."""
    values, vectors = np.linalg.eigh(matrix)
    return vectors * np.sqrt(values.clip(0))


def components(points):
    """Scores (unit length), shares of variance and directions of the principal components."""
    scores, singular, directions = np.linalg.svd(points - points.mean(0), full_matrices=False)
    return scores, singular**2 / (singular**2).sum(), directions


def check_dimension(run, moves):
    points = np.vstack([np.zeros(moves.shape[1]), np.cumsum(moves, axis=0)])
    n, snapshots = len(moves), len(points)
    scores, _, _ = components(points)
    cosines = [np.cos(np.pi * k * (np.arange(snapshots) + 0.5) / snapshots) for k in (1, 2, 3)]
    lissajous = np.mean([abs(np.corrcoef(scores[:, k], cosines[k])[0, 1]) for k in range(3)])
    check("lissajous_correlation", run["lissajous_correlation"], lissajous)
    _, shares, _ = components(moves)
    for k in range(5):
        check(f"increments_explained {k + 1}", run["increments_explained"][k], shares[k])
    check("increments_participation", run["increments_participation"], 1 / (shares**2).sum())
    bases = []
    for window in range(WINDOWS):
        first, last = window * n // WINDOWS, (window + 1) * n // WINDOWS
        _, shares, directions = components(points[first : last + 1])
        check(f"window_explained {window + 1}", run["window_explained"][window], shares[0])
        bases.append(directions[:COMPONENTS])
    for window in range(WINDOWS - 1):
        smallest = np.linalg.svd(bases[window] @ bases[window + 1].T, compute_uv=False).min()
        check(f"window_angles {window + 1}", run["window_angles"][window], np.arccos(smallest))


def check_diffusion(run, steps, moves, curves, converged):
    points = np.vstack([np.zeros(moves.shape[1]), np.cumsum(moves, axis=0)])
    n, stride = len(moves), steps[1] - steps[0]
    for kind, first, last in (("early", 0, n // 3), ("late", 2 * n // 3, n)):
        part = points[first : last + 1]
        lags = range(1, int((last - first) * MAX_LAG) + 1)
        squares = [((part[lag:] - part[:-lag]) ** 2).sum(1).mean() for lag in lags]
        row = next(row for row in curves if row["kind"] == f"msd-{kind}")
        assert row["x"] == [lag * stride for lag in lags], row["x"]
        for found, expected in zip(row["y"], squares):
            check(f"msd-{kind}", found, expected)
        slope = np.polyfit(np.log(row["x"]), np.log(squares), 1)[0]
        check(f"msd-{kind} exponent", row["exponent"], slope)
        check(f"diffusion_exponent_{kind}", run[f"diffusion_exponent_{kind}"], slope)
    origin = next(row for row in curves if row["kind"] == "msd-origin")
    headline = next(row for row in converged if row["q"] == 0.01)
    if headline["step"] is not None:
        at = steps.index(headline["step"])
        for found, expected in zip(origin["y"], ((points[at + 1 :] - points[at]) ** 2).sum(1)):
            check("msd-origin", found, expected)
        assert origin["exponent"] == headline["slope"], (origin["exponent"], headline["slope"])


def check_momentum_walk(momentum, steps, matrix, nulls):
    """The null's mean persistence against the covariances of all optimiser steps, added up over the intervals."""
    updates = steps[-1]
    response = np.tril(momentum ** (np.arange(updates)[:, None] - np.arange(updates)[None, :]).clip(0).astype(float))
    moved = np.add.reduceat(response, steps[:-1], axis=0)
    covariance = moved @ moved.T
    deviations = np.sqrt(np.diag(covariance))
    norms = np.sqrt(np.diag(matrix))
    expected = norms @ (covariance / np.outer(deviations, deviations)) @ norms / (norms**2).sum()
    row = next(row for row in nulls if (row["kind"], row["window"], row["statistic"]) == ("momentum-walk", "all", "persistence"))
    assert abs(row["mean"] - expected) < 5 * row["sd"] / np.sqrt(row["n"]), (row, expected)


def check_layers(layers, trajectory):
    for row in trajectory:
        mine = [layer for layer in layers if layer["step"] == row["step"]]
        if mine:
            for column in ("weight_norm", "distance_from_start", "distance_from_previous", "distance_to_end", "gradient_norm"):
                whole = sum(layer[column] ** 2 for layer in mine) ** 0.5
                check(f"layers.{column}", whole, row[column], 1e-5)


def main():
    tables = pathlib.Path(sys.argv[1])
    names = ("runs", "trajectory", "gram", "convergence", "nulls", "curves", "layers")
    read = {name: pq.read_table(tables / f"{name}.parquet").to_pylist() for name in names}
    for run in read["runs"]:
        mine = {name: [row for row in rows if row["run"] == run["run"]] for name, rows in read.items()}
        steps, matrix = mine["gram"][0]["steps"], matrix_of(mine["gram"][0])
        moves = steps_of(matrix)
        check_dimension(run, moves)
        check_diffusion(run, steps, moves, mine["curves"], mine["convergence"])
        momentum = json.loads(run["settings"])["train"]["momentum"]
        check_momentum_walk(momentum, steps, matrix, mine["nulls"])
        check_layers(mine["layers"], mine["trajectory"])
        asked = [row for row in mine["nulls"] if row["statistic"] == "window_angle_1"]
        assert len(asked) == 5 and all(row["mean"] is not None for row in asked), asked
    assert read["runs"], f"{tables} holds no runs: nothing was checked"
    print(f"{len(read['runs'])} paths: dimension, diffusion, layers and momentum agree with NumPy")


main()
