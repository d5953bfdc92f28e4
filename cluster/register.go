package cluster

import (
	"context"
	"fmt"
	"strings"

	"weir/metadata"
)

// registerTries bounds how often registration starts anew because another broker changed the same keys.
const registerTries = 16

// register writes this broker's new incarnation into the store.
func (c *Cluster) register(ctx context.Context) error {
	for range registerTries {
		ok, err := c.tryRegister(ctx)
		if err != nil || ok {
			return err
		}
	}
	return fmt.Errorf("other brokers changed the metadata %d times meanwhile", registerTries)
}

func (c *Cluster) tryRegister(ctx context.Context) (bool, error) {
	kvs, _, err := c.store.Range(ctx, "/")
	if err != nil {
		return false, err
	}
	have := make(map[string]KV, len(kvs))
	for _, kv := range kvs {
		have[kv.Key] = kv
	}
	conds, ops, err := c.identity(have)
	if err != nil {
		return false, err
	}
	var orphans []string
	if c.config.Exclusive {
		orphans = rubbish(kvs)
	}
	bumpConds, bumps, err := c.epochBumps(kvs, orphans)
	if err != nil {
		return false, err
	}
	for _, key := range orphans {
		bumps = append(bumps, Delete(key))
	}
	// All of it in one transaction where it fits. Otherwise the epochs first: a crash in between leaves
	// some epochs higher than they need be, which harms nobody.
	room := c.store.MaxOps() - len(ops)
	for len(bumps) > room {
		n := min(len(bumps), c.store.MaxOps())
		some := bumpConds[:min(n, len(bumpConds))]
		if ok, _, err := c.store.Txn(ctx, some, bumps[:n]); err != nil || !ok {
			return false, err
		}
		bumps, bumpConds = bumps[n:], bumpConds[len(some):]
	}
	ok, _, err := c.store.Txn(ctx, append(conds, bumpConds...), append(ops, bumps...))
	return ok, err
}

// identity makes the records of the cluster and of this broker.
func (c *Cluster) identity(have map[string]KV) (conds []Cond, ops []Op, err error) {
	put := func(key string, record any) {
		conds = append(conds, Cond{Key: key, ModRev: have[key].ModRev})
		ops = append(ops, Put(key, encode(record)))
	}
	if kv, ok := have[clusterKey]; ok {
		var r clusterRecord
		if err := decode(kv, &r, &r.V); err != nil {
			return nil, nil, err
		}
		if c.config.ClusterID != "" && c.config.ClusterID != r.ID {
			return nil, nil, fmt.Errorf("the data belongs to cluster %q, not to %q", r.ID, c.config.ClusterID)
		}
	} else {
		id := c.config.ClusterID
		if id == "" {
			id = newClusterID()
		}
		put(clusterKey, clusterRecord{V: recordVersion, ID: id})
	}
	features, changed, err := c.features(have)
	if err != nil {
		return nil, nil, err
	}
	if changed {
		put(featuresKey, features)
	}
	me := brokerRecord{V: recordVersion, Rack: c.config.Rack, Endpoints: c.config.Endpoints}
	key := brokerKey(c.config.BrokerID)
	if kv, ok := have[key]; ok {
		var before brokerRecord
		if err := decode(kv, &before, &before.V); err != nil {
			return nil, nil, err
		}
		me.Epoch = before.Epoch + 1
	} else if other := otherBroker(have); c.config.Exclusive && other != "" {
		return nil, nil, fmt.Errorf("the data belongs to broker %s, not to %d", other, c.config.BrokerID)
	}
	put(key, me)
	return conds, ops, nil
}

// features gives the finalised levels, and whether they are to be written: at the first start, and when this
// program has a feature that the one before did not have. Levels that are there stay.
func (c *Cluster) features(have map[string]KV) (r featuresRecord, changed bool, err error) {
	r = featuresRecord{V: recordVersion, Levels: make(map[string]int16)}
	if kv, ok := have[featuresKey]; ok {
		if err := decode(kv, &r, &r.V); err != nil {
			return r, false, err
		}
		if r.Levels == nil {
			r.Levels = make(map[string]int16)
		}
	}
	for _, f := range c.config.Features {
		if _, known := r.Levels[f.Name]; !known {
			r.Levels[f.Name] = f.Max
			changed = true
		}
	}
	if changed {
		r.Epoch++
	}
	return r, changed, nil
}

func otherBroker(have map[string]KV) string {
	for key := range have {
		if id, ok := strings.CutPrefix(key, brokersPart); ok {
			return id
		}
	}
	return ""
}

// newClusterID draws a UUID in Kafka's text form, which is that of topic ids too.
func newClusterID() string { return metadata.NewTopicID().String() }

// epochBumps raises the leader epoch of every partition that this broker leads, so that a client which
// saw records of the incarnation before can tell that some may be gone (KIP-320).
func (c *Cluster) epochBumps(kvs []KV, except []string) (conds []Cond, ops []Op, err error) {
	skip := make(map[string]bool, len(except))
	for _, key := range except {
		skip[key] = true
	}
	for _, kv := range kvs {
		if !strings.HasPrefix(kv.Key, partsPart) || skip[kv.Key] {
			continue
		}
		var r partRecord
		if err := decode(kv, &r, &r.V); err != nil {
			return nil, nil, err
		}
		if r.Leader != c.config.BrokerID {
			continue
		}
		r.LeaderEpoch++
		r.PartitionEpoch++
		conds = append(conds, Cond{Key: kv.Key, ModRev: kv.ModRev})
		ops = append(ops, Put(kv.Key, encode(r)))
	}
	return conds, ops, nil
}

// rubbish finds what a crash in the middle of a large creation or deletion has left: partitions and
// settings of no topic.
func rubbish(kvs []KV) []string {
	m := newMirror(-1)
	if _, err := m.apply(Event{Changes: kvs}); err != nil {
		return nil // the follower will tell
	}
	return m.orphans()
}
