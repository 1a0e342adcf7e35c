#!/usr/bin/env bash
# The one test command: every part, or those that are named.
#   hack/test.sh [check|unit|plugins|guests]...
# Installs what it needs, shows how long each part took, stops at the first that fails.
set -euo pipefail
cd "$(dirname "$0")/.."

all=(unit plugins guests)

# Crates with decisions and documents: no cluster, no wasm.
unit() {
  cargo test --locked -p codeflare-documents -p codeflare-api -p codeflare-plan -p codeflare-controller
}

# The plugins of this repository, as components.
plugins() {
  hack/plugins.sh
}

# The engine against hostile guests.
guests() {
  target_installed
  cargo test --locked -p codeflare-engine
}

# Style and lints; for now not part of the default.
check() {
  cargo fmt --all --check
  cargo clippy --locked --workspace --all-targets -- -D warnings
}

target_installed() {
  rustup target list --installed | grep -qx wasm32-wasip2 || rustup target add wasm32-wasip2
}

usage() {
  sed -n '2,4s/^# //p' "$0"
}

parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=("${all[@]}")
for part in "${parts[@]}"; do
  case $part in
    check | unit | plugins | guests) ;;
    -h | --help) usage && exit 0 ;;
    *) printf 'test: unknown part "%s"\n' "$part" >&2; usage >&2; exit 2 ;;
  esac
done

times=()
for part in "${parts[@]}"; do
  printf '\n== %s\n' "$part"
  start=$SECONDS
  "$part" || { printf 'test: part %s failed after %ds\n' "$part" $((SECONDS - start)) >&2; exit 1; }
  times+=("$(printf '%-10s %5ds' "$part" $((SECONDS - start)))")
done
printf '\ntest: all parts passed\n'
printf '  %s\n' "${times[@]}"
