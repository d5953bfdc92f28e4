//go:build mutant_share_stateless

package groups

// mutantShareStateless is a fault built in on purpose, to show that the tests notice it: members of share groups get
// partitions whose state is only being made.
const mutantShareStateless = true
