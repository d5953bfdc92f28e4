package cluster

import (
	"fmt"
	"maps"
	"strings"

	"weir/metadata"
)

// mirror turns the store's pairs into images. It belongs to the goroutine that follows the store.
type mirror struct {
	image  *metadata.Image
	topics map[metadata.TopicID]*topicParts
}

// topicParts is what the store says of one topic; its pairs may arrive in any order.
type topicParts struct {
	record  *topicRecord
	parts   map[int32]metadata.Partition
	configs map[string]string
}

func newMirror(self int32) *mirror {
	d := metadata.Empty().Edit()
	d.SetSelf(self, -1)
	return &mirror{image: d.Done(), topics: make(map[metadata.TopicID]*topicParts)}
}

// apply makes the image after one event.
func (m *mirror) apply(e Event) (*metadata.Image, error) {
	d := m.image.Edit()
	touched := make(map[metadata.TopicID]bool)
	for _, kv := range e.Changes {
		if err := m.change(d, kv, touched); err != nil {
			return nil, fmt.Errorf("revision %d: %w", e.Rev, err)
		}
	}
	for id := range touched {
		m.place(d, id)
	}
	d.SetRevision(e.Rev)
	m.image = d.Done()
	return m.image, nil
}

func (m *mirror) change(d *metadata.Draft, kv KV, touched map[metadata.TopicID]bool) error {
	switch {
	case strings.HasPrefix(kv.Key, partsPart):
		return m.changePart(kv, touched)
	case strings.HasPrefix(kv.Key, topicsPart):
		return m.changeTopic(kv, touched)
	case strings.HasPrefix(kv.Key, topicConfig):
		return m.changeTopicConfig(kv, touched)
	case strings.HasPrefix(kv.Key, brokerConfig):
		return changeBrokerConfig(d, kv)
	case strings.HasPrefix(kv.Key, groupConfig):
		values, err := configsOf(kv)
		if err == nil {
			d.SetGroupConfig(strings.TrimPrefix(kv.Key, groupConfig), values)
		}
		return err
	case strings.HasPrefix(kv.Key, brokersPart):
		return m.changeBroker(d, kv)
	case kv.Key == clusterKey:
		var r clusterRecord
		err := decode(kv, &r, &r.V)
		d.SetClusterID(r.ID)
		return err
	case kv.Key == featuresKey:
		var r featuresRecord
		err := decode(kv, &r, &r.V)
		d.SetFeatures(r.Levels, r.Epoch)
		return err
	}
	return nil // names and producer ids are no part of the image; a newer program may know more keys
}

func (m *mirror) topic(id metadata.TopicID) *topicParts {
	t := m.topics[id]
	if t == nil {
		t = &topicParts{parts: make(map[int32]metadata.Partition)}
		m.topics[id] = t
	}
	return t
}

func (m *mirror) changePart(kv KV, touched map[metadata.TopicID]bool) error {
	id, err := parsePartKey(kv.Key)
	if err != nil {
		return err
	}
	touched[id.Topic] = true
	if kv.Value == nil {
		delete(m.topic(id.Topic).parts, id.Index)
		return nil
	}
	var r partRecord
	if err := decode(kv, &r, &r.V); err != nil {
		return err
	}
	m.topic(id.Topic).parts[id.Index] = metadata.Partition{Leader: r.Leader, LeaderEpoch: r.LeaderEpoch,
		PartitionEpoch: r.PartitionEpoch, Replicas: r.Replicas, ISR: r.ISR}
	return nil
}

func (m *mirror) changeTopic(kv KV, touched map[metadata.TopicID]bool) error {
	id, err := parseTopicKey(kv.Key, topicsPart)
	if err != nil {
		return err
	}
	touched[id] = true
	if kv.Value == nil {
		m.topic(id).record = nil
		return nil
	}
	r := &topicRecord{}
	if err := decode(kv, r, &r.V); err != nil {
		return err
	}
	m.topic(id).record = r
	return nil
}

func (m *mirror) changeTopicConfig(kv KV, touched map[metadata.TopicID]bool) error {
	id, err := parseTopicKey(kv.Key, topicConfig)
	if err != nil {
		return err
	}
	values, err := configsOf(kv)
	if err != nil {
		return err
	}
	touched[id] = true
	m.topic(id).configs = values
	return nil
}

func changeBrokerConfig(d *metadata.Draft, kv KV) error {
	id, err := parseBrokerKey(kv.Key, brokerConfig)
	if err != nil {
		return err
	}
	values, err := configsOf(kv)
	if err == nil {
		d.SetBrokerConfig(id, values)
	}
	return err
}

func (m *mirror) changeBroker(d *metadata.Draft, kv KV) error {
	id, err := parseBrokerKey(kv.Key, brokersPart)
	if err != nil {
		return err
	}
	if kv.Value == nil {
		d.DeleteBroker(id)
		return nil
	}
	var r brokerRecord
	if err := decode(kv, &r, &r.V); err != nil {
		return err
	}
	if id == m.image.BrokerID {
		d.SetSelf(id, r.Epoch)
	}
	d.PutBroker(metadata.Broker{ID: id, Rack: r.Rack, Endpoints: r.Endpoints})
	return nil
}

// configsOf reads a record of settings; a deleted one has none.
func configsOf(kv KV) (map[string]string, error) {
	if kv.Value == nil {
		return nil, nil
	}
	var r configRecord
	if err := decode(kv, &r, &r.V); err != nil {
		return nil, err
	}
	return r.Values, nil
}

// place shows a topic in the draft once its record and all its partitions are there, and takes it out
// when its record is gone: what is left of its partitions then is rubbish of a crash.
func (m *mirror) place(d *metadata.Draft, id metadata.TopicID) {
	t := m.topics[id]
	if t.record == nil {
		d.DeleteTopic(id)
		if len(t.parts) == 0 && t.configs == nil {
			delete(m.topics, id)
		}
		return
	}
	topic := &metadata.Topic{ID: id, Name: t.record.Name, Internal: t.record.Internal,
		Configs: maps.Clone(t.configs), Partitions: make([]metadata.Partition, t.record.Partitions)}
	for i := range topic.Partitions {
		part, ok := t.parts[int32(i)]
		if !ok {
			return
		}
		topic.Partitions[i] = part
	}
	d.PutTopic(topic)
}

// orphans returns the keys of what belongs to no topic.
func (m *mirror) orphans() []string {
	var keys []string
	for id, t := range m.topics {
		if t.record != nil {
			continue
		}
		for n := range t.parts {
			keys = append(keys, partKey(id, n))
		}
		if t.configs != nil {
			keys = append(keys, topicConfigKey(id))
		}
	}
	return keys
}
