//go:build !mutants

package client

const mutantKeepFirst = false
