#!/usr/bin/env bash
# Builds the plugin `marker` in the versions that the tests of upgrades ship.
#   hack/test/markers.sh OUT_DIR
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$1

mkdir -p "$out"
for mark in One Broken Three; do
  MARKER=$mark cargo build --quiet --locked --target wasm32-wasip2 --profile plugin --lib -p marker
  cp "${CARGO_TARGET_DIR:-target}/wasm32-wasip2/plugin/marker.wasm" "$out/$mark.wasm"
done
