// Package mutants holds the positive controls: faults built into the storage rooms and coordinators on purpose, under a build tag that no
// release has, each of which the tests must catch. A sweep that finds nothing is worth something only if it would find these.
package mutants
