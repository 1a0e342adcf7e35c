#!/usr/bin/env bash
# The image of the platform's host: a small Debian base, the Rust program, the
# plugins and, where it is given, the exec shim (hack/exec.sh).
#
#   host.sh BINARY PLUGIN_DIR OUT.tar [NAME [SHIM]]   NAME: localhost/codeflare/platform:dev
#
# The base has this machine's own libc, because BINARY was linked against it.
set -euo pipefail
# shellcheck source=lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
# shellcheck source=images/archive.sh
. "$CLUSTER_DIR/images/archive.sh"

readonly BASE_PACKAGES=(libc6 libgcc-s1 ca-certificates)

# base_layer: prints the path of the base's layer, made from package files.
# They are unpacked, not installed: nothing in them needs to be set up but the
# bundle of certificates.
base_layer() {
  local key out work package
  key=$({
    dpkg-query -W "${BASE_PACKAGES[@]}"
    declare -f base_layer steady_tar
  } | cache_key)
  out=$IMAGE_CACHE/base-$key.tar
  if [[ ! -e $out ]]; then
    work=$(mktemp -d "$IMAGE_CACHE/.base.XXXXXX")
    mkdir -p "$work"/{packages,root}
    (cd "$work/packages" && apt-get -qq -o APT::Sandbox::User=root download \
      "${BASE_PACKAGES[@]}" >&2) || die "apt-get could not download ${BASE_PACKAGES[*]}; is its list of packages up to date?"
    # lib is a link to usr/lib, as in every current Debian.
    mkdir -p "$work"/root/{etc/ssl/certs,tmp,usr/bin,usr/lib,usr/lib64,usr/local/bin,plugins}
    ln -s usr/lib "$work/root/lib"
    ln -s usr/lib64 "$work/root/lib64"
    for package in "$work"/packages/*.deb; do
      dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink -C "$work/root" \
        --exclude='./usr/share/doc*' --exclude='./usr/share/man*' --exclude='./usr/share/lintian*' \
        --exclude='*/gconv*' --exclude='./usr/sbin*'
    done
    cat "$work"/root/usr/share/ca-certificates/mozilla/*.crt >"$work/root/etc/ssl/certs/ca-certificates.crt"
    echo 'nonroot:x:65532:65532::/tmp:/usr/sbin/nologin' >"$work/root/etc/passwd"
    echo 'nonroot:x:65532:' >"$work/root/etc/group"
    chmod -R u=rwX,go=rX "$work/root"
    chmod 1777 "$work/root/tmp"
    steady_tar "$work/root" "$work/layer.tar"
    mv "$work/layer.tar" "$out"
    rm -rf "$work"
    say "made the base layer"
  fi
  echo "$out"
}

# check_libraries BINARY BASE: what it is linked to must be in the base, or the
# pod would end with nothing but "no such file or directory".
check_libraries() {
  local library files
  files=$(tar -tf "$2")
  while read -r library; do
    [[ $files == *"/${library##*/}"* ]] ||
      die "$1 needs $library, which is not in the image's base (${BASE_PACKAGES[*]})."
  done < <(ldd "$1" 2>/dev/null | awk '$1 !~ /vdso/ && $1 ~ /\.so/ {print $1}')
}

main() {
  (($# >= 3 && $# <= 5)) || die "Usage: host.sh BINARY PLUGIN_DIR OUT.tar [NAME [SHIM]]"
  local binary=$1 plugins=$2 out=$3 name=${4:-localhost/codeflare/platform:dev} shim=${5:-}
  local base key cached work old
  [[ -x $binary ]] || die "There is no program $binary."
  compgen -G "$plugins/*.wasm" >/dev/null || die "There are no .wasm files in $plugins."
  [[ -z $shim || -x $shim ]] || die "There is no program $shim."
  base=$(base_layer)
  check_libraries "$binary" "$base"
  key=$({
    basename "$base"
    echo "$name"
    cat "${BASH_SOURCE[0]}" "$CLUSTER_DIR/images/archive.sh"
    sha256sum <"$binary"
    [[ -z $shim ]] || sha256sum <"$shim"
    cd "$plugins" && sha256sum -- *.wasm
  } | cache_key)
  cached=$IMAGE_CACHE/platform-$key.tar
  if [[ ! -e $cached ]]; then
    work=$(mktemp -d "$IMAGE_CACHE/.platform.XXXXXX")
    install -D -m 755 "$binary" "$work/root/usr/local/bin/codeflare"
    ln -s codeflare "$work/root/usr/local/bin/kubectl-codeflare"
    install -D -m 644 -t "$work/root/plugins" "$plugins"/*.wasm
    [[ -z $shim ]] || install -D -m 755 "$shim" "$work/root/usr/local/lib/codeflare/exec"
    chmod -R u=rwX,go=rX "$work/root"
    steady_tar "$work/root" "$work/layer.tar"
    write_image "$name" "$(jq -cn --arg path "$(path_setting)" \
      '{Entrypoint: ["/usr/local/bin/codeflare"], User: "65532:65532", Env: [$path]}')" \
      "$cached" "$base" "$work/layer.tar"
    rm -rf "$work"
  fi
  touch "$cached" # the newest three stay in the cache
  while read -r _ old; do rm -f "$old"; done < <(
    find "$IMAGE_CACHE" -name 'platform-*.tar' -printf '%T@ %p\n' | sort -rn | tail -n +4
  )
  mkdir -p "$(dirname "$out")"
  cp --reflink=auto "$cached" "$out.part"
  mv "$out.part" "$out"
  say "made $out"
}

main "$@"
