package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLoadPrecedence(t *testing.T) {
	file := filepath.Join(t.TempDir(), "server.properties")
	text := "# made by hand\nnum.partitions=2\nnum.network.threads = 7\nlog.dirs:/tmp/a\\\n  b\nbroker.rack=r\\u0031\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	o := LoadOptions{File: file}
	v, err := Load(o)
	if err != nil {
		t.Fatal(err)
	}
	if v.String("log.dirs") != "/tmp/ab" || v.String("broker.rack") != "r1" || v.Int("num.network.threads") != 7 {
		t.Errorf("log.dirs %q, rack %q", v.String("log.dirs"), v.String("broker.rack"))
	}
	steps := []struct {
		change func()
		want   int
		origin string
	}{
		{func() {}, 2, file},
		{func() { o.Env = append(o.Env, "KAFKA_NUM_PARTITIONS=3") }, 3, "KAFKA_NUM_PARTITIONS"},
		{func() { o.Env = append([]string{"WEIR_NUM_PARTITIONS=4"}, o.Env...) }, 4, "WEIR_NUM_PARTITIONS"},
		{func() { o.Flags = map[string]string{"num.partitions": "5"} }, 5, "--set num.partitions"},
	}
	for i, s := range steps {
		s.change()
		if v, err = Load(o); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		if got := v.Int("num.partitions"); got != s.want {
			t.Errorf("step %d: %d partitions; want %d", i, got, s.want)
		}
		for _, l := range v.Lines() {
			if l.Def.Name == "num.partitions" && l.Origin != s.origin {
				t.Errorf("step %d: from %s; want %s", i, l.Origin, s.origin)
			}
		}
	}
}

func TestLoadReadsTheEnvironmentAsApachesImage(t *testing.T) {
	v, err := Load(LoadOptions{Env: []string{
		"KAFKA_LOG_RETENTION_HOURS=5", "KAFKA_HEAP_OPTS=-Xmx1G", "KAFKA_OPTS=x", "KAFKA_VERSION=4", "KAFKA_LOG_DIR=/x",
		"KAFKA_SERVICE_HOST=10.0.0.1", "KAFKA_PORT=tcp://10.0.0.1:9092", "KAFKA_PORT_9092_TCP_ADDR=10.0.0.1",
		"CLUSTER_ID=abc", "WEIR_LOG_LEVEL=debug", "WEIR_LOG_FORMAT=json", "WEIR_SERVICE_PORT=1", "HOME=/root",
		"KAFKA_PROCESS_ROLES=broker,controller", "KAFKA_CONTROLLER_QUORUM_VOTERS=1@localhost:9093", "KAFKAX=1",
	}})
	if err != nil {
		t.Fatal(err)
	}
	if v.Int64("log.retention.ms") != 5*3600*1000 || v.String("weir.cluster.id") != "abc" ||
		v.String("weir.log.level") != "debug" || v.String("log.dirs") != "./data" {
		t.Errorf("got %d %s %s %s", v.Int64("log.retention.ms"), v.String("weir.cluster.id"),
			v.String("weir.log.level"), v.String("log.dirs"))
	}
	if got := strings.Join(v.Ignored(), " "); got != "controller.quorum.voters process.roles" {
		t.Errorf("ignored: %s", got)
	}
	for variable, want := range map[string]string{"A_B": "a.b", "A__B": "a_b", "A___B": "a-b"} {
		if got := dotted(variable); got != want {
			t.Errorf("%s is %s; want %s", variable, got, want)
		}
	}
}

func TestLoadNamesEveryMistake(t *testing.T) {
	_, err := Load(LoadOptions{Env: []string{"KAFKA_LOG_RETENTION_HOUR=5"}, Flags: map[string]string{"Num.Partitions": "1"}})
	if !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "KAFKA_LOG_RETENTION_HOUR") ||
		!strings.Contains(err.Error(), "did you mean log.retention.hours?") ||
		!strings.Contains(err.Error(), "did you mean num.partitions?") {
		t.Errorf("got %v", err)
	}
	for flags, want := range map[string]string{
		"num.partitions=x":                           "Not a number of type INT (--set num.partitions)",
		"node.id=1 broker.id=2":                      "broker.id (2) and node.id (1) differ",
		"log.dirs=a,b":                               "log.dirs must name one directory, not 2",
		"listeners=nonsense":                         `"nonsense" is not NAME://host:port`,
		"listeners=":                                 "must not be empty",
		"listeners=A://:1,A://:2":                    "listener name A appears twice",
		"listeners=A://:70000":                       "no port between 0 and 65535",
		"advertised.listeners=B://h:1":               "B is not in listeners",
		"advertised.listeners=PLAINTEXT://0.0.0.0:1": "clients cannot connect to 0.0.0.0",
		"group.min.session.timeout.ms=2000000":       "> group.max.session.timeout.ms (1800000)",
		"group.share.assignors=range":                "String must be one of: simple",
		"log.cleaner.min.compaction.lag.ms=9 log.cleaner.max.compaction.lag.ms=8": "conflict topic config",
	} {
		_, err := Load(LoadOptions{Flags: pairs(flags)})
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v; want %s", flags, err, want)
		}
	}
	if _, err := Load(LoadOptions{File: "/no/such/file"}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestSynonymsOfTime(t *testing.T) {
	for given, want := range map[string]int64{
		"":                      168 * 3600 * 1000,
		"log.retention.hours=1": 3600 * 1000,
		"log.retention.hours=1 log.retention.minutes=2": 2 * 60 * 1000,
		"log.retention.minutes=2 log.retention.ms=3":    3,
		"log.retention.hours=-1":                        -1,
	} {
		flags := map[string]string{}
		if given != "" {
			flags = pairs(given)
		}
		v := load(t, flags)
		if got := v.Int64("log.retention.ms"); got != want || v.Topic(nil).Int64("retention.ms") != want {
			t.Errorf("%q: %d; want %d", given, got, want)
		}
	}
	v := load(t, map[string]string{"log.roll.hours": "1", "log.flush.scheduler.interval.ms": "9", "log.dir": "/d"})
	if v.Topic(nil).Int64("segment.ms") != 3600*1000 || v.Topic(nil).Int64("flush.ms") != 9 ||
		v.List("log.dirs")[0] != "/d" {
		t.Errorf("segment.ms %d, flush.ms %d, log.dirs %v", v.Topic(nil).Int64("segment.ms"),
			v.Topic(nil).Int64("flush.ms"), v.List("log.dirs"))
	}
}

func TestBrokerID(t *testing.T) {
	for given, want := range map[string]int32{
		"num.partitions=1": 1, "node.id=7": 7, "broker.id=5": 5, "broker.id=0": 0, "broker.id=-1": 1,
		"node.id=3 broker.id=3": 3,
	} {
		if got := load(t, pairs(given)).BrokerID(); got != want {
			t.Errorf("%s: %d; want %d", given, got, want)
		}
	}
}

func FuzzParseProperties(f *testing.F) {
	f.Add("a=b\n#c\nd : e\\\n f\n\\u0041=\\t")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := ParseProperties(text)
		if err == nil && m == nil {
			t.Error("no map and no error")
		}
	})
}

func FuzzParseDuration(f *testing.F) {
	f.Add("P1DT2H3M4.5S")
	f.Add("-PT1H")
	f.Fuzz(func(t *testing.T, text string) { _, _ = ParseDuration(text) })
}
