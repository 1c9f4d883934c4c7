#!/bin/sh
# Trains the same nets with our engine, PyTorch and (where installed) JAX, in turns, all pinned to one core, and prints
# the ratios of the medians. Usage: twins.sh MNIST_FOLDER [CORE [ROUNDS]]; $PYTHON names the Python to use.
set -eu
folder=${1:?usage: twins.sh MNIST_FOLDER [CORE [ROUNDS]]}
here=$(dirname "$0")
cargo build --release --quiet -p traipse-nn --example epoch
epoch=${CARGO_TARGET_DIR:-target}/release/examples/epoch
exec taskset -c "${2:-0}" "${PYTHON:-python3}" "$here/twins.py" "$epoch" "$folder" "${3:-5}"
