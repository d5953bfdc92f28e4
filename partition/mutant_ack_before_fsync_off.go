//go:build !mutant_ack_before_fsync

package partition

const mutantAckBeforeSync = false
