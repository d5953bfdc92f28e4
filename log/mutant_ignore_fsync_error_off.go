//go:build !mutants

package log

const mutantIgnoreSyncError = false
