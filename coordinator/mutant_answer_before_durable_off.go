//go:build !mutants

package coordinator

const mutantAnswerBeforeDurable = false
