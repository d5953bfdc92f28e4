//go:build !mutant_no_horizon

package compact

const mutantNoHorizon = false
