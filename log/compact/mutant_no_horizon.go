//go:build mutant_no_horizon

package compact

// mutantNoHorizon is a fault built in on purpose, to show that the tests notice it.
const mutantNoHorizon = true
