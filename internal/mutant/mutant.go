// Package mutant tells which fault is to be there that was built in on purpose. Only programs built with the tag mutants have any;
// all are in one build, so that each costs a run and no compilation.
package mutant

import "os"

// chosen is the fault that MUTANT names.
var chosen = os.Getenv("MUTANT")

// On reports whether a fault is to be there.
func On(name string) bool { return name == chosen }
