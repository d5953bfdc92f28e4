package invariant

import (
	"strings"
	"testing"
)

func TestCheckPanicsOnlyWhenBroken(t *testing.T) {
	Check(true, "never shown")
	defer func() {
		got, _ := recover().(string)
		if !strings.HasPrefix(got, "BUG: ") || !strings.Contains(got, "got 3; want 2") {
			t.Fatalf("panic text %q", got)
		}
	}()
	Check(false, "slots: got %d; want %d", 3, 2)
}
