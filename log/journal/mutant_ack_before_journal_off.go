//go:build !mutants

package journal

const mutantAckBeforeJournal = false
