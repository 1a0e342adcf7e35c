# shellcheck shell=bash
# What up.sh, down.sh and the tests share. Sourced, never run.

STATE_DIR=$PWD/.local
CHART=charts/codeflare-platform
NAMESPACE=codeflare-system
export STATE_DIR CHART NAMESPACE

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
