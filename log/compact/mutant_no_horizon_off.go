//go:build !mutants

package compact

const mutantNoHorizon = false
