//go:build mutant_ack_before_fsync

package partition

// mutantAckBeforeSync is a fault built in on purpose, to show that the tests notice it.
const mutantAckBeforeSync = true
