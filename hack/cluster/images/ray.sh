#!/usr/bin/env bash
# The image for the ray launcher: a minimal Debian 12 with its Python 3.11 and
# Ray from PyPI (ray.txt), localhost/codeflare/ray:2.60. Prints the path of the
# image's tar. Takes 2 minutes the first time and needs root.
set -euo pipefail
# shellcheck source=lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
# shellcheck source=images/archive.sh
. "$CLUSTER_DIR/images/archive.sh"
# shellcheck source=images/debian.sh
. "$CLUSTER_DIR/images/debian.sh"

readonly REQUIREMENTS=$CLUSTER_DIR/images/ray.txt

# install_ray ROOT: as Debian's Python 3.11 finds it, whatever this machine's
# Python is: wheels only, chosen by tag.
install_ray() {
  local root=$1 site=$1/usr/local/lib/python3.11/dist-packages platform platforms=()
  for platform in manylinux2014 manylinux_2_28; do platforms+=(--platform "${platform}_$(uname -m)"); done
  python3 -m pip --version >/dev/null 2>&1 || die "pip is missing; install the package python3-pip."
  python3 -m pip install --quiet --no-compile --no-deps --disable-pip-version-check --root-user-action=ignore \
    --only-binary :all: --implementation cp --python-version 3.11 "${platforms[@]}" \
    --target "$site" --requirement "$REQUIREMENTS" >&2 || die "pip could not install Ray."
  mkdir -p "$root/usr/local/bin"
  mv "$site"/bin/* "$root/usr/local/bin/"
  rmdir "$site/bin"
  # What names this machine's Python goes: pip's records, the scripts' first lines.
  rm -f "$site"/*.dist-info/RECORD
  sed -i '1s|^#!.*python.*|#!/usr/bin/python3|' "$root"/usr/local/bin/*
  # What neither the core nor the dashboard nor the job server needs, 100 MiB.
  rm -rf "$site"/ray/{jars,cpp,rllib,tests,tune/examples}
  find "$site" \( -name '*.a' -o -name '*.js.map' \) -delete
  find "$site" -name tests -type d -prune -exec rm -rf {} +
  chmod -R u=rwX,go=rX "$root"
}

# Ray is linked to libstdc++; KubeRay asks a pod whether it is well with bash and
# wget. pip is for what a Run requires where Ray does not install it.
# shellcheck disable=SC2317 # called by cached_image
make_image() {
  local out=$1 work=$2
  mkdir "$work/root"
  install_ray "$work/root"
  debian_layer "$work/layer.tar" python3,python3-pip,libstdc++6,wget \
    --customize-hook="sync-in $work/root /" --customize-hook="$COMPILE"
  write_image localhost/codeflare/ray:2.60 "$(jq -cn --arg path "$(path_setting)" \
    '{Cmd: ["bash"], User: "1000", Env: [$path, "HOME=/home/codeflare", "PYTHONDONTWRITEBYTECODE=1",
      "PYTHONUNBUFFERED=1", "RAY_USAGE_STATS_ENABLED=0"]}')" \
    "$out" "$work/layer.tar"
}

cached_image ray "2 minutes" "${BASH_SOURCE[0]}" "$REQUIREMENTS"
