//go:build mutant_ignore_fsync_error

package log

// mutantIgnoreSyncError is a fault built in on purpose, to show that the tests notice it.
const mutantIgnoreSyncError = true
