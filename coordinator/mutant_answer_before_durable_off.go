//go:build !mutant_answer_before_durable

package coordinator

const mutantAnswerBeforeDurable = false
