#!/usr/bin/env bash
# Signatures for the tests of host/registry, made by cosign itself: builds it and a registry
# from the Go modules pinned in cosign/ (5 minutes of CPU, once), signs small artifacts with
# keys that exist for the length of this script, and writes what the registry has then; and
# a certificate to serve TLS with.
#   hack/test/cosign.sh      writes host/registry/tests/fixtures anew
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=hack/lib.sh
. hack/lib.sh

FIXTURES=host/registry/tests/fixtures
MODULE=hack/test/cosign
KEY=$({ cat "$MODULE"/go.mod "$MODULE"/go.sum "$MODULE"/*.go && go env GOVERSION GOOS GOARCH; } | sha256sum | cut -c1-16)
BIN=${XDG_CACHE_HOME:-$HOME/.cache}/codeflare/bin/cosign-$KEY
VERSION=$(awk '$1 == "github.com/sigstore/cosign/v3" {print $2}' "$MODULE/go.mod")
WORK=$(mktemp -d)
REGISTRY=
stop() {
  [[ -z $REGISTRY ]] || kill "$REGISTRY"
  rm -rf "$WORK"
}
trap stop EXIT

# built NAME PACKAGE: compiled, unless it is in the cache.
built() {
  [[ -x $BIN/$1 ]] || {
    say "building $1"
    (cd "$MODULE" && nice go build -ldflags "-s -w" -o "$BIN/$1.part" "$2")
    mv "$BIN/$1.part" "$BIN/$1"
  }
}

# serve: a registry in memory, on a port that is free.
serve() {
  "$BIN/crane" registry serve --address 127.0.0.1:0 2>"$WORK/registry.log" &
  REGISTRY=$!
  local tries
  for ((tries = 0; tries < 100; tries++)); do
    HOST=127.0.0.1:$(sed -n 's/.*serving on port \([0-9]*\).*/\1/p' "$WORK/registry.log")
    [[ $HOST == *: ]] || return 0
    sleep 0.1
  done
  die "the registry does not start: $(cat "$WORK/registry.log")"
}

digest() { printf 'sha256:%s' "$(sha256sum "$1" | cut -c1-64)"; }

# put NAME: an artifact as wkg pushes it, of the shortest component that there is.
put() {
  local url=http://$HOST/v2/$1 file
  printf '\0asm\x0d\0\x01\0' >"$WORK/component.wasm"
  printf '{}' >"$WORK/config.json"
  for file in component.wasm config.json; do
    curl -fsS -o /dev/null --data-binary "@$WORK/$file" -H 'content-type: application/octet-stream' \
      "$url/blobs/uploads/?digest=$(digest "$WORK/$file")"
  done
  jq -cnj --arg layer "$(digest "$WORK/component.wasm")" --arg config "$(digest "$WORK/config.json")" \
    '{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: {mediaType: "application/vnd.wasm.config.v0+json", digest: $config, size: 2},
      layers: [{mediaType: "application/wasm", digest: $layer, size: 8}]}' >"$WORK/manifest.json"
  curl -fsS -o /dev/null -X PUT --data-binary "@$WORK/manifest.json" \
    -H 'content-type: application/vnd.oci.image.manifest.v1+json' "$url/manifests/1.0"
}

# take NAME: everything that the registry has under it, as one JSON object.
take() {
  local url=http://$HOST/v2/$1 todo version text blob
  : >"$WORK/manifests" && : >"$WORK/blobs"
  mapfile -t todo < <(curl -fsS "$url/tags/list" | jq -r '.tags[]')
  while ((${#todo[@]})); do
    version=${todo[0]} todo=("${todo[@]:1}")
    curl -fsS "$url/manifests/$version" >"$WORK/text"
    jq -Rs --arg version "$version" '{($version): .}' "$WORK/text" >>"$WORK/manifests"
    while read -r text; do todo+=("$text"); done < <(jq -r '.manifests[]?.digest' "$WORK/text")
    while read -r blob; do
      curl -fsS "$url/blobs/$blob" | base64 -w0 | jq -R --arg blob "$blob" '{($blob): .}' >>"$WORK/blobs"
    done < <(jq -r '.layers[]?.digest' "$WORK/text")
  done
  jq -n --arg version "$VERSION" --slurpfile manifests "$WORK/manifests" --slurpfile blobs "$WORK/blobs" \
    '{cosign: $version, manifests: ($manifests | add), blobs: ($blobs | add)}' >"$FIXTURES/$1.json"
}

# keys: cosign's own kind, one that it takes from elsewhere, a stranger's, and two of kinds
# that are not taken.
keys() {
  openssl genrsa -out "$WORK/rsa.pem" 2048 2>/dev/null
  openssl genpkey -algorithm ed25519 -out "$WORK/ed25519.pem"
  openssl ecparam -name secp384r1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$WORK/p384.pem"
  cosign generate-key-pair --output-key-prefix "$WORK/ecdsa"
  cosign generate-key-pair --output-key-prefix "$WORK/other"
  local kind
  for kind in rsa ed25519 p384; do
    cosign import-key-pair --key "$WORK/$kind.pem" --output-key-prefix "$WORK/$kind"
  done
  cp "$WORK"/*.pub "$FIXTURES/"
}

# certificate: an authority and its certificate for localhost, which outlive this code. The
# authority's key is thrown away; that of localhost is no secret.
certificate() {
  local days=36500
  openssl ecparam -name prime256v1 -genkey -noout -out "$WORK/authority.key"
  openssl req -x509 -new -key "$WORK/authority.key" -subj '/CN=an authority for tests' -days $days \
    -out "$FIXTURES/authority.pem"
  openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$FIXTURES/localhost.key"
  openssl req -new -key "$FIXTURES/localhost.key" -subj '/CN=localhost' |
    openssl x509 -req -CA "$FIXTURES/authority.pem" -CAkey "$WORK/authority.key" -days $days \
      -extfile <(printf 'subjectAltName=DNS:localhost') -out "$FIXTURES/localhost.pem" 2>/dev/null
}

cosign() {
  COSIGN_PASSWORD='' "$BIN/cosign" "$@" 2>>"$WORK/cosign.log" || die "cosign $1 failed: $(tail -n 3 "$WORK/cosign.log")"
}

# Nothing is told to a public log: that needs the network, and a test key is of no interest.
sign() {
  local name=$1 kind=$2
  shift 2
  put "$name"
  cosign "$@" --yes --tlog-upload=false --use-signing-config=false --allow-http-registry \
    --key "$WORK/$kind.key" "$HOST/$name@$(digest "$WORK/manifest.json")"
  take "$name"
}

main() {
  mkdir -p "$BIN" "$FIXTURES"
  built cosign github.com/sigstore/cosign/v3/cmd/cosign
  built crane github.com/google/go-containerregistry/cmd/crane
  certificate
  serve
  keys
  local kind
  for kind in ecdsa rsa; do
    sign "bundle-$kind" "$kind" sign
    sign "simple-$kind" "$kind" sign --new-bundle-format=false
  done
  printf '{"made": "by a test"}' >"$WORK/predicate.json"
  sign attested ecdsa attest --type custom --predicate "$WORK/predicate.json"
  say "wrote $(find "$FIXTURES" -type f | wc -l) files to $FIXTURES with cosign $VERSION"
}

main
