//go:build mutants

package coordinator

import "weir/internal/mutant"

// mutantAnswerBeforeDurable is a fault built in on purpose, to show that the tests notice it: answers leave
// when their records are written, not when they are durable.
var mutantAnswerBeforeDurable = mutant.On("mutant_answer_before_durable")
