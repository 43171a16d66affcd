#!/usr/bin/env bash
# The small and the 124M preset on this machine's graphics card, with f32 and with f16 storage: a line of JSON each.
# Beside this folder it needs the built dist/ and node_modules/webgpu, and Node on the path; nothing else:
#   bench/gpu.sh | tee bench/results/CARD.jsonl
set -euo pipefail
bench="$(dirname "$0")/../dist/headless/bench.js"
for storage in f32 f16; do
  node "$bench" step --preset small --batch 32 --storage "$storage" --json | tail -n 1
  node "$bench" step --preset base --batch 8 --vocabulary 32000 --storage "$storage" --json | tail -n 1
done
