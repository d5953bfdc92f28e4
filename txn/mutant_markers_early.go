//go:build mutant_markers_early

package txn

// mutantMarkersEarly is a fault built in on purpose, to show that the tests notice it: markers are written before the end
// that they tell of is durable.
const mutantMarkersEarly = true
