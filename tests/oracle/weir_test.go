package oracle

import (
	"os"
	"testing"
)

// findSubject returns the broker to compare with Kafka: a Weir started here, unless another is named.
func findSubject(t *testing.T) endpoint {
	t.Helper()
	if addr := os.Getenv("ORACLE_SUBJECT"); addr != "" {
		return parseEndpoint(t, "subject", addr)
	}
	t.Skip("not yet")
	return endpoint{}
}
