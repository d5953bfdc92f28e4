//go:build !mutants

package groups

const mutantShareStateless = false
