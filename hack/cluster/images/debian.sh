# shellcheck shell=bash
# Making images from Debian packages: a minimal Debian 12 and what is included.
# Sourced after archive.sh, never run.

# debian_layer OUT PACKAGES [OPTION...]: a layer with the packages (separated by
# commas) and a user 1000; OPTIONs are mmdebstrap's, in addition.
# shellcheck disable=SC2016 # the hooks' $1 is mmdebstrap's, the folder of the root
debian_layer() {
  local out=$1 packages=$2
  shift 2
  # A fixed time makes mmdebstrap's tar the same for the same packages.
  SOURCE_DATE_EPOCH=0 mmdebstrap --quiet --mode=root --variant=essential --include="$packages" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/zoneinfo/*' \
    --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/* "$1"/var/log/*' \
    --customize-hook='find "$1"/usr -name __pycache__ -prune -exec rm -rf {} +' \
    --customize-hook='ln -s python3 "$1"/usr/bin/python' \
    --customize-hook='echo "codeflare:x:1000:1000::/home/codeflare:/bin/bash" >>"$1"/etc/passwd' \
    --customize-hook='echo "codeflare:x:1000:" >>"$1"/etc/group' \
    --customize-hook='install -d -o 1000 -g 1000 "$1"/home/codeflare' \
    "$@" bookworm "$out" >&2 || die "mmdebstrap could not make the image."
}

# COMPILE: a hook that compiles all of Python's modules to bytes that depend on
# nothing but their text. A framework that is compiled anew in every process,
# which may not write what it compiled, takes seconds longer to start.
# shellcheck disable=SC2016,SC2034 # $1 as above; used by the scripts that source this file
readonly COMPILE='chroot "$1" python3 -c "
import compileall, py_compile, sys
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
for folder in sys.argv[1:]:
    compileall.compile_dir(folder, quiet=2, invalidation_mode=mode, force=True, maxlevels=40)
" /usr/lib/python3.11 /usr/lib/python3 /usr/local/lib/python3.11'

# cached_image SHORT HOW_LONG SOURCE...: prints the path of the image's tar,
# which `make_image OUT WORK` makes unless the cache has it. The key is made from
# the SOURCEs and from this file.
cached_image() {
  local short=$1 how_long=$2 key out work began
  shift 2
  key=$(cat "$@" "$CLUSTER_DIR"/images/{archive,debian}.sh | cache_key)
  out=$IMAGE_CACHE/$short-$key.tar
  if [[ ! -e $out ]]; then
    ((EUID == 0)) || die "Making the $short image needs root."
    command -v mmdebstrap >/dev/null || die "mmdebstrap is missing; run hack/cluster/packages.sh as root once."
    lock "the $short image"
  fi
  if [[ ! -e $out ]]; then
    began=$SECONDS
    say "making the $short image ($how_long)"
    work=$(mktemp -d "$IMAGE_CACHE/.$short.XXXXXX")
    # shellcheck disable=SC2064 # the folder of now
    trap "rm -rf '$work'" EXIT
    make_image "$out" "$work"
    say "made the $short image in $((SECONDS - began)) s, $(($(stat -c %s "$out") >> 20)) MiB"
  fi
  echo "$out"
}
