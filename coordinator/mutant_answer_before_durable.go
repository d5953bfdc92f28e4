//go:build mutant_answer_before_durable

package coordinator

// mutantAnswerBeforeDurable is a fault built in on purpose, to show that the tests notice it: answers leave
// when their records are written, not when they are durable.
const mutantAnswerBeforeDurable = true
