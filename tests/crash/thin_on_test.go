//go:build race || mutants

package crash

// thin has every so-manieth point of a sweep tried: the race detector looks for races, and those show as well
// when the same code runs less often; a fault that is built in shows at many points.
const thin = 15
