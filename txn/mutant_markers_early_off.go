//go:build !mutant_markers_early

package txn

const mutantMarkersEarly = false
