# shellcheck shell=bash
# Making image files without Docker: layers are plain tars, an image is a tar of
# layers, a configuration and a manifest ("docker-archive"). The same content
# gives the same bytes. Sourced, never run.

IMAGE_CACHE=$CACHE_DIR/images
mkdir -p "$IMAGE_CACHE"

# steady_tar FOLDER OUT [ENTRY...]: without times, owners or order of chance.
steady_tar() {
  local folder=$1 out=$2
  shift 2
  tar --format=gnu --sort=name --numeric-owner --owner=0 --group=0 --mtime=@0 \
    -C "$folder" -cf "$out" "${@:-.}"
}

# write_image NAME CONFIG OUT LAYER...: CONFIG is the image's own settings as
# JSON (Entrypoint, Cmd, Env, User).
write_image() {
  local name=$1 settings=$2 out=$3 layer digest digests=() work config part
  shift 3
  work=$(mktemp -d "$IMAGE_CACHE/.work.XXXXXX")
  for layer in "$@"; do
    digest=$(sha256sum "$layer" | cut -d' ' -f1)
    digests+=("$digest")
    ln "$layer" "$work/$digest.tar" 2>/dev/null || cp "$layer" "$work/$digest.tar"
  done
  jq -cnS --argjson settings "$settings" --arg arch "$(dpkg --print-architecture)" \
    '{architecture: $arch, os: "linux", created: "1970-01-01T00:00:00Z", config: $settings,
      rootfs: {type: "layers", diff_ids: ($ARGS.positional | map("sha256:" + .))}}' \
    --args "${digests[@]}" >"$work/config"
  config=$(sha256sum "$work/config" | cut -d' ' -f1).json
  mv "$work/config" "$work/$config"
  jq -cnS --arg name "$name" --arg config "$config" \
    '[{Config: $config, RepoTags: [$name], Layers: ($ARGS.positional | map(. + ".tar"))}]' \
    --args "${digests[@]}" >"$work/manifest.json"
  part=$out.part.$$
  chmod -R u=rw,go=r,a+X "$work"/*.json
  (cd "$work" && steady_tar . "$part" -- *)
  mv "$part" "$out"
  rm -rf "$work"
}

# path_setting: what every image has on its PATH.
path_setting() { echo 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'; }
