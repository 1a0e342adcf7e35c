#!/usr/bin/env bash
# Installs the Debian packages that the local cluster needs and that are not
# there yet. Asks for root only when something is missing.
#
#   packages.sh          for the full cluster and its images
#   packages.sh --api    for the API-only mode
#   packages.sh --check [--api]  print what is missing; install nothing
set -euo pipefail
# shellcheck source=lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

readonly API_PACKAGES=(curl iproute2 jq openssl procps util-linux)
# catatonit is the pause program; mmdebstrap makes the Python image. conntrack
# and iptables are not needed: kube-proxy runs in nftables mode.
readonly FULL_PACKAGES=(catatonit ca-certificates containerd containernetworking-plugins
  mmdebstrap nftables runc)

installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

install_packages() {
  local packages=("$@") log
  log=$(mktemp)
  apt_get() { DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" >>"$log" 2>&1; }
  # The lists may be absent or too old; fetch them only when the first try fails.
  # An unreachable third-party source must not matter, so the second try decides.
  if ! apt_get install -y --no-install-recommends "${packages[@]}"; then
    apt_get update || true
    if ! apt_get install -y --no-install-recommends "${packages[@]}"; then
      tail -n 5 "$log" >&2
      die "apt-get could not install ${packages[*]}; the whole log is in $log."
    fi
  fi
  rm -f "$log"
}

main() {
  local check='' wanted=("${API_PACKAGES[@]}" "${FULL_PACKAGES[@]}") missing=() package argument
  for argument in "$@"; do
    case $argument in
      --api) wanted=("${API_PACKAGES[@]}") ;;
      --check) check=1 ;;
      *) die "Usage: packages.sh [--check] [--api]" ;;
    esac
  done
  command -v dpkg-query >/dev/null || die "The local cluster is made of Debian packages, and this machine has no dpkg."
  for package in "${wanted[@]}"; do installed "$package" || missing+=("$package"); done
  ((${#missing[@]})) || return 0
  if [[ $check ]]; then
    printf '%s\n' "${missing[@]}"
    return 0
  fi
  ((EUID == 0)) || die "Packages are missing (${missing[*]}); run hack/cluster/packages.sh as root once."
  lock "Debian packages"
  say "installing ${missing[*]}"
  unlocked install_packages "${missing[@]}"
  # The cluster starts a containerd of its own; the service that the package
  # has just started has no other reason to be. One that was there before stays.
  if [[ " ${missing[*]} " == *" containerd "* && -d /run/systemd/system ]]; then
    systemctl disable --now --quiet containerd.service || true
  fi
  say "installed ${#missing[@]} packages"
}

main "$@"
