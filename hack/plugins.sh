#!/usr/bin/env bash
# Builds every plugin of this repository as a WebAssembly component.
#   hack/plugins.sh [OUT_DIR]     (default: target/plugins)
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-target/plugins}
plugins=(job ray torch sizing-policy budget)

rustup target list --installed | grep -qx wasm32-wasip2 || {
  echo "plugins: adding the Rust target wasm32-wasip2"
  rustup target add wasm32-wasip2
}
packages=()
for plugin in "${plugins[@]}"; do packages+=(-p "$plugin"); done
# `--lib`, since a plugin is a library with an exported world.
cargo build --quiet --locked --target wasm32-wasip2 --profile plugin --lib "${packages[@]}"
mkdir -p "$out"
for plugin in "${plugins[@]}"; do
  # A host may be reading the directory: each file appears whole or not at all.
  cp "${CARGO_TARGET_DIR:-target}/wasm32-wasip2/plugin/${plugin//-/_}.wasm" "$out/.$plugin.wasm.new"
  mv "$out/.$plugin.wasm.new" "$out/$plugin.wasm"
  printf 'plugins: %-20s %7d bytes  sha256:%s\n' "$plugin.wasm" "$(stat -c %s "$out/$plugin.wasm")" \
    "$(sha256sum "$out/$plugin.wasm" | cut -d' ' -f1)"
done
