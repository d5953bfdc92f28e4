package config

import (
	"fmt"
	"testing"
)

func words(entries []Entry, name string) string {
	for _, e := range entries {
		if e.Name != name {
			continue
		}
		text := fmt.Sprintf("%s %d", shown(e.Value, e.Null), e.Source)
		for _, s := range e.Synonyms {
			text += fmt.Sprintf(" (%s %s %d)", s.Name, shown(s.Value, s.Null), s.Source)
		}
		return text
	}
	return "absent"
}

func shown(text string, null bool) string {
	if null {
		return "null"
	}
	return text
}

func load(t *testing.T, flags map[string]string) *Values {
	t.Helper()
	v, err := Load(LoadOptions{Flags: flags})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestDescribeTellsSources follows what Apache Kafka's DescribeConfigs answers in the same situations.
func TestDescribeTellsSources(t *testing.T) {
	static := load(t, map[string]string{"log.retention.hours": "2", "log.segment.bytes": "2000000"})
	plain := NewBroker(static, nil, nil)
	altered := NewBroker(static, map[string]string{"log.retention.ms": "7", "log.cleaner.threads": "3"},
		map[string]string{"log.retention.ms": "8", "nope": "1", "log.dirs": "/etc"})
	overrides := map[string]string{"retention.ms": "9", "cleanup.policy": " compact , delete "}
	for _, tt := range []struct {
		what    string
		entries []Entry
		name    string
		want    string
	}{
		{"hours alone show no synonym", plain.DescribeTopic(nil), "retention.ms", "7200000 5"},
		{"an override has none either", plain.DescribeTopic(overrides), "retention.ms", "9 1 (retention.ms 9 1)"},
		{"static", plain.DescribeTopic(nil), "segment.bytes",
			"2000000 4 (log.segment.bytes 2000000 4) (log.segment.bytes 1073741824 5)"},
		{"canonical text", plain.DescribeTopic(overrides), "cleanup.policy",
			"compact,delete 1 (cleanup.policy compact,delete 1) (log.cleanup.policy delete 5)"},
		{"no broker setting", plain.DescribeTopic(nil), "remote.storage.enable", "false 5"},
		{"dynamic", altered.DescribeTopic(nil), "retention.ms",
			"8 2 (log.retention.ms 8 2) (log.retention.ms 7 3) (log.retention.hours 2 4) (log.retention.hours 168 5)"},
		{"broker, dynamic", altered.DescribeBroker(), "log.retention.ms",
			"8 2 (log.retention.ms 8 2) (log.retention.ms 7 3) (log.retention.hours 2 4) (log.retention.hours 168 5)"},
		{"broker, null", plain.DescribeBroker(), "log.retention.ms", "null 5"},
		{"broker, static", plain.DescribeBroker(), "log.retention.hours",
			"2 4 (log.retention.hours 2 4) (log.retention.hours 168 5)"},
		{"broker, read-only over the wire", altered.DescribeBroker(), "log.dirs", "null 5"},
		{"cluster-wide", altered.DescribeClusterWide(), "log.cleaner.threads", "3 3 (log.cleaner.threads 3 3)"},
		{"cluster-wide, not altered", altered.DescribeClusterWide(), "log.segment.bytes", "absent"},
		{"group", plain.DescribeGroup(nil), "consumer.session.timeout.ms",
			"45000 5 (group.consumer.session.timeout.ms 45000 5)"},
		{"group, without a broker setting", plain.DescribeGroup(nil), "share.isolation.level",
			"read_uncommitted 5 (share.isolation.level read_uncommitted 5)"},
		{"group, override", plain.DescribeGroup(map[string]string{"consumer.session.timeout.ms": "50000"}),
			"consumer.session.timeout.ms", "50000 8 (consumer.session.timeout.ms 50000 8) " +
				"(group.consumer.session.timeout.ms 45000 5)"},
	} {
		if got := words(tt.entries, tt.name); got != tt.want {
			t.Errorf("%s: got %s; want %s", tt.what, got, tt.want)
		}
	}
}

func TestDescribeHidesSecrets(t *testing.T) {
	b := NewBroker(load(t, map[string]string{"ssl.key.password": "hush"}), nil, nil)
	if got, want := words(b.DescribeBroker(), "ssl.key.password"), "null 4 (ssl.key.password null 4)"; got != want {
		t.Errorf("got %s; want %s", got, want)
	}
	for _, l := range b.Static().Lines() {
		if l.Value == "hush" {
			t.Errorf("%s is printed", l.Def.Name)
		}
	}
}

func TestDescribeListsAll(t *testing.T) {
	b := NewBroker(Defaults(), nil, nil)
	if got := len(b.DescribeTopic(nil)); got != 44 {
		t.Errorf("%d topic settings; want 44", got)
	}
	if got := len(b.DescribeGroup(nil)); got != 26 {
		t.Errorf("%d group settings; want 26", got)
	}
	if got := len(b.DescribeBroker()); got < 340 {
		t.Errorf("%d broker settings; want at least 340", got)
	}
}

func TestDynamicSettingsTakeEffect(t *testing.T) {
	static := load(t, map[string]string{"log.retention.hours": "2"})
	b := NewBroker(static, map[string]string{"log.retention.ms": "7", "log.flush.interval.messages": "10"},
		map[string]string{"log.retention.ms": "8"})
	if b.Int64("log.retention.ms") != 8 || b.Topic(nil).Int64("retention.ms") != 8 {
		t.Errorf("retention %d, of a topic %d", b.Int64("log.retention.ms"), b.Topic(nil).Int64("retention.ms"))
	}
	c := b.Topic(map[string]string{"retention.ms": "-1"})
	if c.Int64("retention.ms") != -1 || c.Int64("flush.messages") != 10 {
		t.Errorf("retention %d, flush %d", c.Int64("retention.ms"), c.Int64("flush.messages"))
	}
}
