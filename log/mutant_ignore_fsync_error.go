//go:build mutants

package log

import "weir/internal/mutant"

// mutantIgnoreSyncError is a fault built in on purpose, to show that the tests notice it.
var mutantIgnoreSyncError = mutant.On("mutant_ignore_fsync_error")
