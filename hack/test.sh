#!/usr/bin/env bash
# The one test command: every part, or those that are named.
#   hack/test.sh [--keep-going] [check|unit|plugins|cli|guests|chart|docs|api|shapes|faults|e2e|trainer]...
# Installs what it needs, shows how long each part took, stops at the first that fails
# unless it is told to keep going. Without a name: every part but e2e and trainer, which
# need root and run real pods; `all` is every part.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=hack/lib.sh
. hack/lib.sh

ALL=(check unit plugins cli guests chart docs api shapes faults e2e trainer)
DEFAULT=(check unit cli guests chart docs api shapes faults)

# Style, lints, licences, scripts, generated files.
part_check() {
  component_installed rustfmt
  component_installed clippy
  cargo fmt --all --check
  cargo clippy --locked --workspace --all-targets -- -D warnings
  scripts
  licences
  hack/test/generated.sh
}

# Everything that needs no cluster. Every part builds the whole workspace: with fewer
# packages Cargo would choose other features and compile the dependencies once more.
part_unit() {
  target_installed
  # The git server of tests is git's own.
  command -v git >/dev/null || package git
  cargo test --locked --workspace
}

# The plugins of this repository as components.
part_plugins() {
  hack/plugins.sh "$PLUGINS"
}

# The command line with those plugins: help, errors, every example planned and replayed.
part_cli() {
  part_plugins
  CODEFLARE_TEST_PLUGINS=$PLUGINS cargo test --locked --workspace --test cli
}

# The engine against hostile guests, with the table of what came of each.
part_guests() {
  target_installed
  cargo test --locked --workspace --test guests -- --nocapture
}

# The charts without a cluster.
part_chart() {
  hack/test/chart.sh
  hack/test/platform.sh
}

# The documentation: generated pages are current, what it says holds, no link is broken.
part_docs() {
  cargo test --locked --workspace --test docs
  python3 -c 'import ensurepip' 2>/dev/null || package python3-venv
  hack/test/docs.sh
}

# Schemas and rules on a real API server, one of our own that goes afterwards.
part_api() {
  local state=$PWD/.local/test-api result=0
  hack/cluster/up.sh --api --state "$state"
  CODEFLARE_API_KUBECONFIG=$state/kubeconfig cargo test --locked --workspace --test it || result=$?
  ((result != 0)) || hack/test/deploy.sh "$state/kubeconfig" || result=$?
  hack/cluster/down.sh --api --state "$state"
  return "$result"
}

# Every shape of a launch, strictly against the definitions of the operators themselves.
part_shapes() {
  local state=$PWD/.local/test-shapes result=0
  part_plugins
  build_host
  hack/cluster/up.sh --api --state "$state"
  hack/cluster/peers.sh crds --kubeconfig "$state/kubeconfig" kuberay jobset trainer
  CODEFLARE_SHAPES_KUBECONFIG=$state/kubeconfig CODEFLARE_HOST=$HOST_BINARY CODEFLARE_TEST_PLUGINS=$PLUGINS \
    cargo test --locked --workspace --test it shapes -- --nocapture || result=$?
  # Every field of these definitions, against the closed lists.
  CODEFLARE_SHAPES_KUBECONFIG=$state/kubeconfig \
    cargo test --locked --workspace --test deny operators -- --nocapture || result=$?
  hack/cluster/down.sh --api --state "$state"
  return "$result"
}

# The host killed, misled and lied to, on a real API server through a proxy of ours.
part_faults() {
  local state=$PWD/.local/test-faults result=0
  part_plugins
  target_installed
  build_host
  CARGO_TARGET_DIR=tests/guests/target cargo build --locked --quiet --manifest-path tests/guests/Cargo.toml \
    --target wasm32-wasip2 --package guests --example traps_panics
  cargo build --locked --quiet --target wasm32-wasip2 --profile plugin -p codeflare-plugin --example granted
  hack/test/markers.sh "$PWD/.local/markers"
  hack/cluster/up.sh --api --state "$state"
  CODEFLARE_FAULTS_KUBECONFIG=$state/kubeconfig CODEFLARE_AUDIT=$state/audit.log \
    CODEFLARE_HOST=$HOST_BINARY CODEFLARE_TEST_PLUGINS=$PLUGINS \
    CODEFLARE_HELM=$(program helm) CODEFLARE_TEST_MARKERS=$PWD/.local/markers \
    CODEFLARE_TEST_GRANTED=$CARGO_TARGET_DIR/wasm32-wasip2/plugin/examples/granted.wasm \
    CODEFLARE_TEST_PANICS=$PWD/tests/guests/target/wasm32-wasip2/debug/examples/traps_panics.wasm \
    cargo test --locked --workspace --test faults -- --nocapture || result=$?
  hack/cluster/down.sh --api --state "$state"
  return "$result"
}

# Everything in a cluster with real pods; needs root. Words behind colons choose tests:
# hack/test.sh e2e:argv:source.
part_e2e() {
  local result=0
  { hack/up.sh && real_tests "$@"; } || result=$?
  hack/down.sh
  return "$result"
}

# The shapes that need the Trainer too, whose build takes longest.
part_trainer() {
  local result=0
  { hack/up.sh --no-examples && hack/cluster/peers.sh up trainer && real_tests argv torch; } || result=$?
  hack/down.sh
  return "$result"
}

real_tests() {
  CODEFLARE_REAL_KUBECONFIG=$PWD/.local/kubeconfig \
    cargo test --locked --workspace --test real -- --nocapture --test-threads=1 "$@"
}

scripts() {
  local files=()
  command -v shellcheck >/dev/null || package shellcheck
  mapfile -t files < <(git ls-files '*.sh' .ci/run)
  shellcheck -x "${files[@]}"
}

# The database of advisories is a git repository that not every machine can reach; the
# rest needs nothing but the lock file.
licences() {
  command -v cargo-deny >/dev/null || {
    say "installing cargo-deny, once"
    cargo install --locked --quiet cargo-deny
  }
  cargo deny --locked check --hide-inclusion-graph licenses bans sources
  if timeout 60 cargo deny fetch db >/dev/null 2>&1; then
    cargo deny --locked check --hide-inclusion-graph advisories
  else
    say "advisories were not checked: their database cannot be reached from here"
  fi
}

package() {
  say "installing the package $1"
  ((EUID == 0)) || die "$1 is missing; install it as root: apt-get install $1"
  apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends "$1" >/dev/null
}

component_installed() {
  rustup component list --installed | grep -q "^$1" || rustup component add "$1"
}

target_installed() {
  rustup target list --installed | grep -qx wasm32-wasip2 || rustup target add wasm32-wasip2
}

usage() {
  sed -n '2,7s/^# //p' "$0"
}

# run_part NAME: in a process of its own, where every command counts: a function that is
# asked for its result, also in a subshell, goes on behind a command that failed.
run_part() {
  "$BASH" hack/test.sh --one "$1"
}

# one NAME[:WORD]...: the part, and no more.
one() {
  local words=()
  [[ $1 != *:* ]] || IFS=: read -ra words <<<"${1#*:}"
  "part_${1%%:*}" "${words[@]}"
}

main() {
  if [[ ${1:-} == --one ]]; then
    one "$2"
    return
  fi
  local keep=no parts=() part start times=() failed=()
  for part; do
    case $part in
      -h | --help) usage && exit 0 ;;
      --keep-going) keep=yes ;;
      check | unit | plugins | cli | guests | chart | docs | api | shapes | faults | e2e | e2e:* | trainer) parts+=("$part") ;;
      all) parts+=("${ALL[@]}") ;;
      *)
        printf 'error: there is no part "%s"\n' "$part" >&2
        usage >&2
        exit 2
        ;;
    esac
  done
  ((${#parts[@]} > 0)) || parts=("${DEFAULT[@]}")
  for part in "${parts[@]}"; do
    printf '\n== %s\n' "$part"
    start=$SECONDS
    if run_part "$part"; then
      times+=("$(printf '%-12s %5d s  passed' "$part" $((SECONDS - start)))")
    else
      times+=("$(printf '%-12s %5d s  FAILED' "$part" $((SECONDS - start)))")
      failed+=("$part")
      [[ $keep == yes ]] || break
    fi
  done
  printf '\n'
  printf '  %s\n' "${times[@]}"
  ((${#failed[@]} == 0)) || die "failed: ${failed[*]}"
}

main "$@"
