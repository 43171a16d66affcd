#!/usr/bin/env bash
# The small and the 124M preset on this machine's graphics card, with f32 and with f16 storage, and the encoding of a contribution of 10M
# parameters: a line of JSON each.
# Beside this folder it needs the built dist/ and node_modules/webgpu, and Node on the path; nothing else:
#   mkdir -p bench/results && bench/gpu.sh | tee bench/results/CARD.jsonl
set -euo pipefail
bench="$(dirname "$0")/../dist/headless/bench.js"
measure() {
  # Which kernels are fastest on this card, first: without the time limit that training sets itself.
  node "$bench" tune --preset "$1" --batch "$2" --storage "$3" >&2
  node "$bench" step --preset "$1" --batch "$2" --storage "$3" --json | tail -n 1
}
for storage in f32 f16; do
  measure small 32 "$storage"
  measure base 8 "$storage"
done
node "$bench" encode --parameters 10000000 --json
