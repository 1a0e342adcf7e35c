# shellcheck shell=bash
# What every script of hack/cluster shares: where things are, how progress and
# errors are said, locks, waiting. Sourced, never run.
# shellcheck disable=SC2034 # names used by the scripts that source this file

CLUSTER_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
REPO_DIR=$(cd "$CLUSTER_DIR/../.." && pwd)
CACHE_DIR=${XDG_CACHE_HOME:-$HOME/.cache}/codeflare
# Debian keeps nft, sysctl and ip in sbin, which a plain user's PATH may lack.
export PATH=$PATH:/usr/local/go/bin:/usr/sbin:/sbin
STARTED_AT=$(date +%s%N)

# elapsed: seconds since the script began, with one decimal.
elapsed() {
  local tenths=$((($(date +%s%N) - STARTED_AT) / 100000000))
  printf '%d.%d' $((tenths / 10)) $((tenths % 10))
}

# say TEXT: one line of progress. On stderr, so that stdout carries results.
say() { printf '%6s s  %s\n' "$(elapsed)" "$*" >&2; }

# die TEXT: one sentence, exit 1.
die() {
  printf '%s\n' "$*" >&2
  exit 1
}

# cache_key: sixteen hex digits of what stands on stdin.
cache_key() { sha256sum | cut -c1-16; }

# lock NAME: one holder at a time; held until the script ends. Locks lie in the
# cache, because "down" leaves nothing under .local.
lock() {
  local file
  mkdir -p "$CACHE_DIR/locks"
  file=$CACHE_DIR/locks/$(printf '%s' "$1" | cache_key)
  exec {LOCK_FD}>"$file"
  if ! flock -n "$LOCK_FD"; then
    say "waiting for another script that works on $1"
    flock "$LOCK_FD"
  fi
}

# unlocked COMMAND...: run without passing the lock on. A daemon that inherited
# it would hold it for as long as it lives.
unlocked() {
  if [[ -n ${LOCK_FD:-} ]]; then
    "$@" {LOCK_FD}>&-
  else
    "$@"
  fi
}

# wait_for SECONDS WHAT COMMAND...: until COMMAND succeeds; false when time is up.
wait_for() {
  local until=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    if ((SECONDS >= until)); then
      say "gave up waiting for: $what"
      return 1
    fi
    sleep 0.05
  done
}

# keep_file FILE: what stands on stdin, written only where FILE says something else. A
# program that watches its configuration ends when that is written, the same or not.
keep_file() {
  local text
  text=$(cat)
  [[ -e $1 && $(<"$1") == "$text" ]] || printf '%s\n' "$text" >"$1"
}

# free_mib DIR: free space of the file system that DIR lies on or will lie on.
free_mib() {
  local dir=$1
  while [[ ! -e $dir ]]; do dir=$(dirname "$dir"); done
  df -Pm "$dir" | awk 'NR == 2 {print $4}'
}

# uses_kind: with a Docker engine and kind at hand the full cluster is kind's.
# CODEFLARE_CLUSTER=local overrules.
uses_kind() {
  [[ ${CODEFLARE_CLUSTER:-} != local ]] && command -v kind >/dev/null &&
    command -v docker >/dev/null && docker info >/dev/null 2>&1
}
