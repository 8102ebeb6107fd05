//go:build tools

// Package tools pins the Jaeger that `make jaeger` builds.
package tools

import _ "github.com/jaegertracing/jaeger/cmd/all-in-one"
