"""Recomputes the path's measures from kept weights in NumPy and compares them with the tables.

    python check_paths.py TABLES

TABLES is a folder that `traipse local` or `traipse collect` wrote, with `[snapshots] keep = true`. Distances, cosines, PCA, convergence with its line and
walk references, the Gram matrix and the walk's null (by explicit random directions) are computed here from the weights, not from the Gram matrix. Needs NumPy, safetensors and pyarrow.
"""

import pathlib
import sys

import numpy as np
import pyarrow.parquet as pq
from safetensors.numpy import load_file

TOLERANCE = 1e-6  # distances of f32 weights, relative


def path_of(weights, steps):
    """The weights at each snapshot as the rows of a matrix, in f64. Running statistics are no weights."""
    names = sorted({name.split(".", 2)[2] for name in weights if not name.endswith(("running_mean", "running_var"))})
    return np.stack([np.concatenate([weights[f"step.{s}.{n}"].astype(np.float64).ravel() for n in names]) for s in steps])


def cosine(a, b):
    return a @ b / np.sqrt((a @ a) * (b @ b))


def explained(path):
    """Shares of variance along the principal components."""
    centred = path - path.mean(0)
    values = np.linalg.svd(centred, compute_uv=False) ** 2
    return values / values.sum()


def check(what, found, expected, tolerance=TOLERANCE):
    scale = max(abs(expected), 1e-12)
    assert found is not None and abs(found - expected) <= tolerance * scale, f"{what}: table {found}, NumPy {expected}"


def check_run(run, rows, gram, converged, nulls, weights):
    steps = [row["step"] for row in rows]
    path = path_of(weights, steps)
    moves = np.diff(path, axis=0)
    norms = np.linalg.norm(moves, axis=1)
    total = np.linalg.norm(path[-1] - path[0])
    for t, row in enumerate(rows):
        check("weight_norm", row["weight_norm"], np.linalg.norm(path[t]))
        check("distance_from_start", row["distance_from_start"], np.linalg.norm(path[t] - path[0]))
        check("distance_to_end", row["distance_to_end"], np.linalg.norm(path[-1] - path[t]))
        if t > 0:
            check("distance_from_previous", row["distance_from_previous"], norms[t - 1])
            check("persistence", row["persistence"], norms[t - 1] ** 2 / row["update_square"])
            check("cosine_to_end", row["cosine_to_end"], cosine(path[t] - path[0], path[-1] - path[0]))
        if t > 1:
            check("turning_cosine", row["turning_cosine"], cosine(moves[t - 1], moves[t - 2]), 1e-5)
    check("displacement", run["displacement"], total)
    check("path_length_snapshots", run["path_length_snapshots"], norms.sum())
    check("path_length", run["path_length"], sum(row["update_length"] for row in rows))
    check("tortuosity", run["tortuosity"], run["path_length"] / total)
    shares = explained(path)
    for k, share in enumerate(run["pca_explained"][:5]):
        check(f"pca_explained_{k + 1}", share, shares[k], 1e-5)
    check("pca_participation", run["pca_participation"], 1 / (shares**2).sum(), 1e-5)
    assert run["pca_components_90"] == int(np.searchsorted(np.cumsum(shares), 0.9)) + 1
    matrix = moves @ moves.T
    packed = matrix[np.triu_indices(len(moves))]
    assert np.allclose(gram["gram"], packed, rtol=1e-6, atol=1e-9 * packed.max()), "gram"
    check_convergence(rows, path, norms, total, converged)
    check_walk(norms, nulls)


def check_convergence(rows, path, norms, total, converged):
    for row in converged:
        if row["status"] is not None:
            continue
        at = next(t for t, snapshot in enumerate(rows) if snapshot["step"] == row["step"])
        check("travel", row["travel"], np.linalg.norm(path[-1] - path[at]))
        check("travel_fraction", row["travel_fraction"], np.linalg.norm(path[-1] - path[at]) / total)
        check("travel_fraction_line", row["travel_fraction_line"], norms[at:].sum() / norms.sum())
        check("travel_fraction_walk", row["travel_fraction_walk"], np.sqrt((norms[at:] ** 2).sum() / (norms**2).sum()))


def check_walk(norms, nulls):
    """The mean of the walk's null against walks in explicit random directions."""
    row = next(r for r in nulls if r["kind"] == "walk" and r["window"] == "all" and r["statistic"] == "pca_explained_1")
    draw = np.random.default_rng(0)
    ours = []
    for _ in range(40):
        moves = draw.standard_normal((len(norms), 4000))
        moves *= (norms / np.linalg.norm(moves, axis=1))[:, None]
        ours.append(explained(np.vstack([np.zeros(4000), np.cumsum(moves, axis=0)]))[0])
    # Both are near the limit of many dimensions; what is left is the smaller dimension's and the sampling's.
    assert abs(np.mean(ours) - row["mean"]) < 0.02, (np.mean(ours), row["mean"])


def main():
    tables = pathlib.Path(sys.argv[1])
    read = {name: pq.read_table(tables / f"{name}.parquet").to_pylist() for name in ("runs", "trajectory", "gram", "convergence", "nulls")}
    checked = 0
    for run in read["runs"]:
        path = tables / "snapshots" / f"{run['run_id']}.safetensors"
        if path.exists() and run["outcome"] == "succeeded":
            mine = {name: [row for row in rows if row["run"] == run["run"]] for name, rows in read.items()}
            check_run(run, mine["trajectory"], mine["gram"][0], mine["convergence"], mine["nulls"], load_file(path))
            checked += 1
    if checked == 0:
        sys.exit(f"{tables / 'snapshots'} holds no kept weights of these runs: nothing was checked")
    print(f"{checked} paths recomputed from their weights: all measures agree")


main()
