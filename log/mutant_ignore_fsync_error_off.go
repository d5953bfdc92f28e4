//go:build !mutant_ignore_fsync_error

package log

const mutantIgnoreSyncError = false
