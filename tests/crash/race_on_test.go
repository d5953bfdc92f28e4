//go:build race

package crash

// thin has every so-manieth point of a sweep tried: the race detector looks for races, and those show as well
// when the same code runs less often.
const thin = 15
