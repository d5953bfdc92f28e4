// Command gen writes the OpenAPI document of the HTTP door to the file that it is given.
package main

import (
	"fmt"
	"os"

	"weir/admin"
)

func main() {
	document, err := admin.Document()
	if err == nil {
		err = os.WriteFile(os.Args[1], append(document, '\n'), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
