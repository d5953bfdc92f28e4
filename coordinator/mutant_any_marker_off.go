//go:build !mutants

package coordinator

const mutantAnyMarker = false
