//go:build !race

package crash

const thin = 1
