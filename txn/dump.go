package txn

import (
	"fmt"
	"strings"
)

// DumpRecord shows one record of __transaction_state as a line of text, for people who look into the log's
// files. An error says that the record is of no kind that is known here.
func DumpRecord(key, value []byte) (string, error) {
	id, known, err := parseKey(key)
	switch {
	case err != nil:
		return "", err
	case !known:
		return "", fmt.Errorf("key of unknown version: %x", key)
	case value == nil:
		return fmt.Sprintf("transaction id=%q deleted", id), nil
	}
	t, err := parseValue(id, value)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("transaction id=%q %s", id, t.text()), nil
}

// text is everything that the record says, in the order of Kafka's fields.
func (t *transaction) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "producer=%d epoch=%d timeoutMs=%d state=%s", t.producerID, t.epoch, t.timeoutMs, t.state)
	for i, p := range t.partitions {
		separator := ","
		if i == 0 {
			separator = " partitions="
		}
		fmt.Fprintf(&b, "%s%s-%d", separator, p.Topic, p.Index)
	}
	fmt.Fprintf(&b, " updatedMs=%d startMs=%d", t.updatedMs, t.startMs)
	for _, f := range []struct {
		name  string
		value int64
		none  int64
	}{
		{"previous", t.prevProducerID, noProducerID}, {"next", t.nextProducerID, noProducerID},
		{"version", int64(t.version), 0}, {"previousEpoch", int64(t.prevEpoch), int64(noEpoch)},
	} {
		if f.value != f.none {
			fmt.Fprintf(&b, " %s=%d", f.name, f.value)
		}
	}
	return b.String()
}
