//go:build tools

// Package tools names the command that ../../build.sh compiles, so that
// `go mod tidy` records everything it needs in go.mod and go.sum.
package tools

import _ "sigs.k8s.io/jobset"
