// The program docgen writes docs/protocol.md from the table of APIs and from the comments above the handlers.
package main

import (
	"fmt"
	"os"

	"weir/handlers"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: docgen HANDLERS FILE")
		os.Exit(2)
	}
	text, err := page(os.Args[1], handlers.Table())
	if err == nil {
		err = os.WriteFile(os.Args[2], []byte(text), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "write protocol page:", err)
		os.Exit(1)
	}
}
