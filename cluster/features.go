package cluster

import (
	"context"
	"fmt"
	"maps"
)

// Feature is a range of levels that this broker understands of one of Kafka's features (KIP-584).
type Feature struct {
	Name     string
	Min, Max int16
}

// metadataVersion is the feature that stands for the release's metadata: it never goes down.
const metadataVersion = "metadata.version"

// UpdateKind says which way a level may go; the values are the protocol's (FeatureUpdate.UpgradeType).
type UpdateKind int8

// The kinds of update.
const (
	Upgrade UpdateKind = iota + 1
	SafeDowngrade
	UnsafeDowngrade
)

// FeatureUpdate asks for a level of one feature; level 0 switches it off.
type FeatureUpdate struct {
	Name  string
	Level int16
	Kind  UpdateKind
}

// UpdateFeatures sets the finalized levels of features, all or none, and returns when what runs goes by them. Of two
// updates of one feature the later counts. A level of 0 is stored too: what is not stored is finalized at the next
// start.
func (c *Cluster) UpdateFeatures(ctx context.Context, updates []FeatureUpdate, validateOnly bool) error {
	rev, err := c.updateFeatures(ctx, updates, validateOnly)
	if err != nil || rev < 0 {
		return err
	}
	return c.awaitApplied(ctx, rev)
}

// updateFeatures judges and stores the levels; rev is -1 when nothing was stored.
func (c *Cluster) updateFeatures(ctx context.Context, updates []FeatureUpdate, validateOnly bool) (rev int64, err error) {
	c.admin.Lock()
	defer c.admin.Unlock()
	for range planTries {
		kv, err := c.read(ctx, featuresKey)
		if err != nil {
			return -1, err
		}
		r := featuresRecord{V: recordVersion}
		if kv.ModRev != 0 {
			if err := decode(kv, &r, &r.V); err != nil {
				return -1, err
			}
		}
		levels := make(map[string]int16, len(r.Levels))
		maps.Copy(levels, r.Levels)
		for _, u := range lastOfEach(updates) {
			if err := c.judgeFeature(u, r.Levels[u.Name]); err != nil {
				return -1, err
			}
			levels[u.Name] = u.Level
		}
		if validateOnly || maps.Equal(levels, r.Levels) {
			return -1, nil
		}
		r.Levels, r.Epoch = levels, r.Epoch+1
		ok, rev, err := c.store.Txn(ctx, []Cond{{Key: featuresKey, ModRev: kv.ModRev}}, []Op{Put(featuresKey, encode(r))})
		if err != nil {
			return -1, late(err)
		}
		if err := c.awaitImage(ctx, rev); err != nil || ok {
			return rev, err
		}
	}
	return -1, fmt.Errorf("other brokers changed the metadata %d times meanwhile", planTries)
}

// lastOfEach keeps the last update of each feature, where its first stands.
func lastOfEach(updates []FeatureUpdate) []FeatureUpdate {
	var kept []FeatureUpdate
	at := make(map[string]int, len(updates))
	for _, u := range updates {
		if i, again := at[u.Name]; again {
			kept[i] = u
			continue
		}
		at[u.Name] = len(kept)
		kept = append(kept, u)
	}
	return kept
}

// judgeFeature says whether a feature may go from one level to another (FeatureControlManager.java).
func (c *Cluster) judgeFeature(u FeatureUpdate, from int16) error {
	refused := func(why string) error {
		return refuse(ErrInvalidFeatureLevel, fmt.Sprintf("Invalid update version %d for feature %s. %s", u.Level, u.Name, why))
	}
	feature, known := c.feature(u.Name)
	switch {
	case u.Kind < Upgrade || u.Kind > UnsafeDowngrade:
		return refused("The controller does not support the given upgrade type.")
	case u.Level < 0:
		return refused("A feature version cannot be less than 0.")
	case !known && u.Level == 0:
		return refused("Feature " + u.Name + " not found.")
	case !known:
		return refused(fmt.Sprintf("Local controller %d does not support this feature.", c.config.BrokerID))
	case u.Level < feature.Min || u.Level > feature.Max:
		return refused(fmt.Sprintf("Local controller %d only supports versions %d-%d", c.config.BrokerID, feature.Min, feature.Max))
	case u.Level < from && u.Kind == Upgrade:
		return refused("Can't downgrade the version of this feature without setting the upgrade type to either safe or " +
			"unsafe downgrade.")
	case u.Level > from && u.Kind != Upgrade:
		return refused("Can't downgrade to a newer version.")
	case u.Level < from && u.Name == metadataVersion:
		why := "Refusing to perform the requested downgrade because it might delete metadata information."
		if u.Kind == UnsafeDowngrade {
			why = "Unsafe metadata downgrade is not supported in this version."
		}
		return refuse(ErrInvalidFeatureLevel, fmt.Sprintf("Unsupported metadata.version downgrade from %d to %d. %s", from, u.Level, why))
	}
	return nil
}

func (c *Cluster) feature(name string) (Feature, bool) {
	for _, f := range c.config.Features {
		if f.Name == name {
			return f, true
		}
	}
	return Feature{}, false
}
