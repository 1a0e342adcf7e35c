//go:build tools

// Package tools names the commands that ../cosign.sh compiles: cosign, and a registry for
// it to sign in.
package tools

import (
	_ "github.com/google/go-containerregistry/cmd/crane"
	_ "github.com/sigstore/cosign/v3/cmd/cosign"
)
