//go:build mutants

package groups

import "weir/internal/mutant"

// mutantShareStateless is a fault built in on purpose, to show that the tests notice it: members of share groups get
// partitions whose state is only being made.
var mutantShareStateless = mutant.On("mutant_share_stateless")
