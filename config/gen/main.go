// The program gen writes docs/config.md from the table of settings.
package main

import (
	"fmt"
	"os"

	"weir/config"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gen FILE")
		os.Exit(2)
	}
	if err := os.WriteFile(os.Args[1], []byte(config.Markdown()), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "write settings page:", err)
		os.Exit(1)
	}
}
