package brokers

import "testing"

func TestReservedPortsDiffer(t *testing.T) {
	a, b := ReservePort(t), ReservePort(t)
	if a == b {
		t.Errorf("port %d was given twice", a)
	}
}
