"""Recomputes contrasts and the statistics of branches and comparisons in NumPy and pandas, from the other tables.

    python check_statistics.py TABLES

TABLES is a folder that `traipse local` or `traipse collect` wrote. Needs NumPy, pandas and pyarrow.
"""

import json
import pathlib
import sys

import numpy as np
import pandas as pd

# Quantiles of Student's t at .975, by degrees of freedom.
T = {
    1: 12.706204736174698, 2: 4.302652729749462, 3: 3.182446305284263, 4: 2.776445105197793, 5: 2.570581835636314,
    6: 2.446911851144969, 7: 2.364624251592784, 8: 2.306004135204166, 9: 2.262157162798205,
}
UNIT = ["init_seed", "order_seed"]


def close(found, expected, what):
    assert np.isclose(found, expected, rtol=1e-8, atol=1e-12), f"{what}: table {found}, NumPy {expected}"


def by_seed(values):
    """Means over the branches of each seed, of those that have a value."""
    return values.groupby(UNIT).mean()


def check_contrasts(folder, runs):
    contrasts = pd.read_parquet(folder / "contrasts.parquet")
    checked = 0
    for row in contrasts.itertuples():
        if row.metric not in runs.columns:
            continue  # of convergence, or an item of a list
        cells = [by_seed(runs[runs.cell == cell].set_index(UNIT)[row.metric].astype(float)) for cell in (row.cell_a, row.cell_b)]
        differences = (cells[1] - cells[0]).dropna().to_numpy()
        n = len(differences)
        assert n == row.n_pairs, (row, n)
        if isinstance(row.status, str):
            assert (n < 2) == (row.status == "too-few-pairs") and np.isnan(row.p), row
            continue
        close(row.mean_difference, differences.mean(), "mean_difference")
        sem = differences.std(ddof=1) / np.sqrt(n)
        close(row.t_high, differences.mean() + T[n - 1] * sem, "t_high")
        if n == 2:
            close(row.p, 1 - 2 * np.arctan(abs(differences.mean() / sem)) / np.pi, "p")
        checked += 1
    for (axis, metric), group in contrasts.groupby(["axis", "metric"]):
        group = group.dropna(subset="p").sort_values("p")
        factors = np.arange(len(group), 0, -1)
        expected = np.minimum(np.maximum.accumulate(group.p.to_numpy() * factors), 1)
        assert np.allclose(group.p_holm, expected), (axis, metric)
    assert checked or contrasts.status.notna().all(), "no contrast was checked"
    return checked


def check_runs(statistics, runs):
    rows = statistics[(statistics.level == "run") & (statistics.metric == "displacement") & (statistics.design == "iid")]
    for row in rows.itertuples():
        values = by_seed(runs[runs.cell == row.cell].set_index(UNIT)["displacement"]).dropna()
        assert row.n_value == len(values)
        close(row.mean, values.mean(), "mean")
        if len(values) > 1:
            close(row.sem, values.std(ddof=1) / np.sqrt(len(values)), "sem")


def check_comparisons(folder, statistics, runs):
    comparisons = pd.read_parquet(folder / "comparisons.parquet")
    seed = runs.set_index("run")["init_seed"]
    checked = 0
    for row in statistics[statistics.level == "comparison"].itertuples():
        mine = comparisons[
            (comparisons.cell == row.cell) & (comparisons["at"] == row.at) & (comparisons.aligned == row.aligned)
            & (comparisons.differs_in == row.differs_in) & (comparisons.kind == row.comparison_kind)
        ].dropna(subset=row.metric)
        values, members = mine[row.metric].to_numpy(float), [{seed[run] for run in runs} for runs in mine.members]
        if len(values) == 0:
            assert row.n_value == 0
            continue
        if row.design == "pairs":
            seeds = sorted(set().union(*members))
            left = [values[[s not in of for of in members]] for s in seeds]
            n, expected = len(seeds), values.mean()
            means = np.array([part.mean() for part in left]) if all(map(len, left)) else None
            sem = None if means is None else np.sqrt((n - 1) / n * ((means - means.mean()) ** 2).sum())
        else:
            of_seed = pd.Series(values).groupby([min(of) for of in members]).mean()
            n, expected = len(of_seed), of_seed.mean()
            sem = of_seed.std(ddof=1) / np.sqrt(n) if n > 1 else None
        assert row.n_value == n, (row, n)
        close(row.mean, expected, f"mean of {row.metric}")
        if sem is not None:
            close(row.sem, sem, f"sem of {row.metric}")
            close(row.t_low, expected - T[n - 1] * sem, f"t_low of {row.metric}")
        checked += 1
    return checked


def main():
    folder = pathlib.Path(sys.argv[1])
    runs, statistics = pd.read_parquet(folder / "runs.parquet"), pd.read_parquet(folder / "statistics.parquet")
    check_runs(statistics, runs)
    print(f"{check_contrasts(folder, runs)} contrasts recomputed")
    if "comparisons.parquet" in json.loads((folder / "manifest.json").read_text())["files"]:
        print(f"{check_comparisons(folder, statistics, runs)} statistics of comparisons recomputed")


main()
