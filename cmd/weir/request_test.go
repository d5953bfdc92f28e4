package main

import (
	"strings"
	"testing"
)

// TestRequestAndReply: requests are answered by a command, each by its own reply; one whose command fails comes again.
func TestRequestAndReply(t *testing.T) {
	s := newShell(t)
	s.run("", "topic", "create", "prices", "-p", "2")
	done := make(chan error)
	go func() {
		_, err := s.try("", "reply", "prices", "-g", "pricing", "--from-start", "-n", "4", "--", "sh", "-c",
			`read line; if [ "$line" = once ] && [ ! -e "`+s.dir+`/failed" ]; then touch "`+s.dir+`/failed"; exit 1; fi; echo "$WEIR_REQUEST_KEY costs $line"`)
		done <- err
	}()
	for _, c := range []struct{ key, value string }{{"tea", "3"}, {"milk", "once"}, {"bread", "4"}} {
		if got := s.run("", "request", "prices", c.value+"\n", "--key", c.key); strings.TrimSpace(got) != c.key+" costs "+c.value {
			t.Errorf("the reply to %s: %s", c.value, got)
		}
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := s.try("", "request", "prices", "5", "--wait", "300ms"); code(err) != 1 || !strings.Contains(err.Error(), "no reply came") {
		t.Errorf("without anybody who answers: %v", err)
	}
	for _, words := range [][]string{{"reply", "prices"}, {"reply", "a", "b", "-g", "g"}, {"request", "prices"}} {
		if _, err := s.try("", words...); code(err) != 2 {
			t.Errorf("weir %v: %v; want exit code 2", words, err)
		}
	}
}
