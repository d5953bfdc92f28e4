//go:build !mutant_share_stateless

package groups

const mutantShareStateless = false
