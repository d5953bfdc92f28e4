package rivals

import (
	"context"
	"crypto/sha256"
	_ "embed" // the list of Apache Kafka's jars
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// kafkaPOM names what Maven fetches; kafkaJars says, as sha256sum writes it, what must have come.
var (
	//go:embed kafka/pom.xml
	kafkaPOM []byte
	//go:embed kafka/jars.sha256
	kafkaJars string
)

// kafkaLibs is the directory of Apache Kafka's jars. Where they are missing Maven fetches them into the cache; what came is compared
// with the list before it is used.
func kafkaLibs(ctx context.Context, s *site) (string, error) {
	if _, err := Java(); err != nil {
		return "", err
	}
	dir := filepath.Join(s.Cache, "kafka", "broker")
	if kafkaVersion(dir) != "" {
		return dir, nil
	}
	maven, err := program("mvn", "Maven, which fetches Apache Kafka from Maven Central")
	if err != nil {
		return "", err
	}
	s.say("fetching Apache Kafka from Maven Central into %s", dir)
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", err
	}
	fresh, err := os.MkdirTemp(parent, "fetching-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(fresh)
	pom, err := s.write("pom.xml", string(kafkaPOM))
	if err != nil {
		return "", err
	}
	if fresh, err = filepath.Abs(fresh); err != nil {
		return "", err
	}
	fetch := exec.CommandContext(ctx, maven, "-q", "-B", "-C", "-f", pom, "dependency:copy-dependencies", "-DincludeScope=runtime",
		"-DoutputDirectory="+fresh)
	if out, err := fetch.CombinedOutput(); err != nil {
		return "", fmt.Errorf("fetch Apache Kafka: %w\n%s", err, out[max(0, len(out)-2000):])
	}
	if err := checkJars(fresh, kafkaJars); err != nil {
		return "", fmt.Errorf("fetch Apache Kafka: %w", err)
	}
	if err := os.Chmod(fresh, 0o755); err != nil {
		return "", err
	}
	if err := os.Rename(fresh, dir); err != nil {
		return "", fmt.Errorf("fetch Apache Kafka: %w", err)
	}
	return dir, nil
}

// checkJars compares a directory with a list as sha256sum writes it: every file of the list is there as it says, and no other jar.
func checkJars(dir, list string) error {
	want := map[string]string{}
	for line := range strings.Lines(list) {
		sum, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if !ok {
			return fmt.Errorf("the list of jars has the line %q", line)
		}
		want[name] = sum
	}
	found, err := filepath.Glob(filepath.Join(dir, "*.jar"))
	if err != nil {
		return err
	}
	for _, path := range found {
		name := filepath.Base(path)
		sum, err := sumOf(path)
		if err != nil {
			return err
		}
		if want[name] != sum {
			return fmt.Errorf("%s has the SHA-256 %s; want %q", name, sum, want[name])
		}
		delete(want, name)
	}
	for name := range want {
		return fmt.Errorf("%s did not come", name)
	}
	return nil
}

func sumOf(path string) (_ string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// kafkaVersion reads the version from the name of the broker's jar; "" where there is none.
func kafkaVersion(dir string) string {
	found, err := filepath.Glob(filepath.Join(dir, "kafka_2.13-*.jar"))
	if err != nil || len(found) == 0 {
		return ""
	}
	return strings.TrimSuffix(strings.TrimPrefix(filepath.Base(found[0]), "kafka_2.13-"), ".jar")
}
