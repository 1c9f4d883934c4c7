#!/bin/sh
# Runs each line of docs/performance.md's table of trainings in our engine, PyTorch and (where installed) JAX, in turns,
# all pinned to one core, and prints a Markdown table of medians and ratios.
# Usage: twins.sh MNIST_FOLDER [CORE [ROUNDS [WORDS]]]; WORDS picks the rows that have them in their name.
# $PYTHON names the Python to use. TWINS_ONLY=1 leaves our side out.
set -eu
folder=${1:?usage: twins.sh MNIST_FOLDER [CORE [ROUNDS [WORDS]]]}
here=$(dirname "$0")
program=-
if [ -z "${TWINS_ONLY:-}" ]; then
    cargo build --release --quiet -p traipse-nn --example twin
    program=${CARGO_TARGET_DIR:-target}/release/examples/twin
fi
exec taskset -c "${2:-0}" "${PYTHON:-python3}" "$here/twins/twins.py" "$program" "$folder" "${3:-5}" "${4:-}"
