package brokers

import "testing"

func TestReservedPortsDiffer(t *testing.T) {
	a, b := reservePort(t), reservePort(t)
	if a == b {
		t.Errorf("port %d was given twice", a)
	}
}
