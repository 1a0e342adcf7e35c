#!/usr/bin/env bash
# Builds the exec shim: a static program, so that it runs in any image.
#   hack/exec.sh OUT_FILE
set -euo pipefail
cd "$(dirname "$0")/.."
(($# == 1)) || {
  echo "Usage: hack/exec.sh OUT_FILE" >&2
  exit 2
}
target=$(uname -m)-unknown-linux-musl

rustup target list --installed | grep -qx "$target" || {
  echo "exec: adding the Rust target $target"
  rustup target add "$target"
}
cargo build --quiet --locked --target "$target" --profile plugin -p codeflare-exec
mkdir -p "$(dirname "$1")"
# It may be running: the file appears whole or not at all.
cp "${CARGO_TARGET_DIR:-target}/$target/plugin/codeflare-exec" "$1.new"
mv "$1.new" "$1"
printf 'exec: %s, %d bytes\n' "$1" "$(stat -c %s "$1")"
