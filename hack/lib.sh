# shellcheck shell=bash
# What up.sh, down.sh and the tests share. Sourced, never run.

STATE_DIR=$PWD/.local
CHART=charts/codeflare-platform
NAMESPACE=codeflare-system
# Outside the tree, so that another clone compiles only our own crates.
CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/codeflare/target}
HOST_BINARY=$CARGO_TARGET_DIR/debug/codeflare
PLUGINS=$STATE_DIR/plugins
export STATE_DIR CHART NAMESPACE CARGO_TARGET_DIR HOST_BINARY PLUGINS

# Cargo tells trees apart by nothing but the times of their files: what another clone has
# built last, from other text perhaps, would pass for this one's.
if [[ $(cat "$CARGO_TARGET_DIR/tree" 2>/dev/null) != "$PWD" ]]; then
  mkdir -p "$CARGO_TARGET_DIR"
  git ls-files -z '*.rs' '*.toml' '*.wit' '*.py' '*.yaml' | xargs -0 touch --no-create
  echo "$PWD" >"$CARGO_TARGET_DIR/tree"
fi

# One line with the seconds since the script began.
say() {
  printf '%5d s  %s\n' "$SECONDS" "$*"
}

# One clear sentence, exit code 1.
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# The path of one of the cluster's programs (helm, kubectl), built if it is missing.
program() {
  hack/cluster/build.sh "$1" >&2
  hack/cluster/build.sh --path "$1"
}

# The host's binary. Built as the tests build it: a plain `cargo build` leaves out what tests
# depend on, chooses other features and compiles every dependency once more.
build_host() {
  cargo test --quiet --locked --workspace --test cli --no-run
}
