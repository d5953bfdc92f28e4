//go:build !race && !mutants

package crash

const thin = 1
