//go:build !mutant_ack_before_journal

package journal

const mutantAckBeforeJournal = false
