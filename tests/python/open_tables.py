"""Opens every table of a folder in DuckDB, Polars and pandas, and groups by every axis column in each.

    python open_tables.py TABLES
"""

import pathlib
import sys

import duckdb
import pandas as pd
import polars as pl

TABLES = ["runs", "trajectory", "gram", "convergence", "nulls", "statistics", "contrasts", "attempts"]


def main():
    folder = pathlib.Path(sys.argv[1])
    axes = []
    for name in TABLES:
        path = folder / f"{name}.parquet"
        n = duckdb.sql(f"select count(*) from '{path}'").fetchall()[0][0]
        assert n == len(pl.read_parquet(path)) == len(pd.read_parquet(path)), name
        print(f"{name}: {n} rows in DuckDB, Polars and pandas")
        if name == "runs":
            columns = pl.read_parquet(path).columns
            axes = columns[columns.index("settings") + 1 : columns.index("depth")]
    print(f"axis columns: {', '.join(axes)}")
    runs = folder / "runs.parquet"
    for axis in axes:
        if axis.endswith("_list"):
            continue
        by_duckdb = duckdb.sql(f"""select "{axis}", count(*), avg(final_test_error) from '{runs}'
            where "{axis}" is not null group by 1 order by 1""").fetchall()
        by_polars = pl.read_parquet(runs).drop_nulls(axis).group_by(axis).agg(pl.len(), pl.col("final_test_error").mean()).sort(axis).rows()
        by_pandas = pd.read_parquet(runs).groupby(axis)["final_test_error"].agg(["size", "mean"]).reset_index()
        assert len(by_duckdb) == len(by_polars) == len(by_pandas), axis
        for a, b, c in zip(by_duckdb, by_polars, by_pandas.itertuples(index=False)):
            assert a[0] == b[0] == c[0] and a[1] == b[1] == c[1], (axis, a, b, c)
            print(f"  {axis} = {a[0]}: {a[1]} runs, mean final_test_error {a[2]}")
    joined = duckdb.sql(f"""
        select r."{axes[-1] if axes else 'seed'}", avg(c.travel_fraction), avg(c.travel_fraction_walk)
        from '{folder}/convergence.parquet' c join '{runs}' r using (run) where c.q = 0.01 group by 1 order by 1""").fetchall()
    print(f"joined on run: {joined}")


main()
