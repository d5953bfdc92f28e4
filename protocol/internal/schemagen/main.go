// Schemagen turns Apache Kafka's own message definitions into the table that
// package protocol checks requests by.
//
//	go run ./protocol/internal/schemagen -dir DIR -kind Request -out protocol/schema_table.go
//	go run ./protocol/internal/schemagen -dir DIR -kind Response -out protocol/schema_response_test.go
//
// DIR holds the *.json files of common/message in the kafka-clients jar of the
// release that Weir follows.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"go/format"
	"os"
)

func main() {
	messages := flag.String("dir", "", "directory of the message definitions")
	kind := flag.String("kind", "Request", "Request or Response")
	release := flag.String("release", "4.4.0", "the release of Apache Kafka they come from")
	out := flag.String("out", "", "file to write")
	flag.Parse()
	if err := run(*messages, *kind, *release, *out); err != nil {
		fmt.Fprintln(os.Stderr, "schemagen:", err)
		os.Exit(1)
	}
}

// run reads all messages of a kind and writes the table.
func run(dir, kind, release, out string) error {
	messages, err := readMessages(dir, kind)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	t := table{kind: kind}
	for _, m := range messages {
		if err := t.add(m); err != nil {
			return fmt.Errorf("message %s: %w", m.Name, err)
		}
	}
	t.write(&b, release)
	source, err := format.Source(b.Bytes())
	if err != nil {
		return fmt.Errorf("format table: %w", err)
	}
	if err := os.WriteFile(out, source, 0o644); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}
