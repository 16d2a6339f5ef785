#!/usr/bin/env bash
# Figures: API calls, seconds, memory. Against an emulator on this machine, beside Terraform where it
# is installed. Machines are noisy: trust counts and ratios, not single seconds.
set -euo pipefail

here=$(realpath "$(dirname "$0")")
cd "$here/.."
target=$(cargo metadata --format-version 1 --no-deps | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')

echo "== the planner: load, graph, diff, order"
cargo bench --quiet -p trueup-planner --bench plan
echo
echo "== the applier alone, on random plans: makespan over the critical path, in virtual time"
cargo bench --quiet -p trueup-applier --bench makespan
echo
echo "== apply: how long it takes over the longest chain of its plan, in AWS's usual times and rates"
cargo bench --quiet -p trueup-sim --bench makespan
echo
echo "== network proofs"
cargo bench --quiet -p trueup-reach --bench speed
echo
echo "== the program"
cargo build --release --quiet -p trueup
make --no-print-directory .venv/done
exec .venv/bin/python "$here/bench/program.py" "$target/release/trueup"
