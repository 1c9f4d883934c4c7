"""Makes digits.u8.gz from scikit-learn's copy of the UCI optical digits (see README.md beside this file)."""

import gzip
from importlib import resources
from pathlib import Path

import numpy as np

with resources.files("sklearn.datasets.data").joinpath("digits.csv.gz").open("rb") as packed:
    table = np.loadtxt(gzip.open(packed), delimiter=",").astype(np.uint8)
assert table.shape == (1797, 65) and table[:, :64].max() == 16
body = table[:, :64].tobytes() + table[:, 64].tobytes()
Path(__file__).with_name("digits.u8.gz").write_bytes(gzip.compress(body, 9, mtime=0))
