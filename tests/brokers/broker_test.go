package brokers

import (
	"testing"
	"time"
)

func TestReservedPortsDiffer(t *testing.T) {
	a, b := reservePort(t), reservePort(t)
	if a == b {
		t.Errorf("port %d was given twice", a)
	}
}

func TestProbeSaysThatNobodyListens(t *testing.T) {
	began := time.Now()
	if err := probe("127.0.0.1:1"); err == nil {
		t.Error("a broker answered where none is")
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}
