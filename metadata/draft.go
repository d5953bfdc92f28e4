package metadata

import (
	"maps"
	"slices"
	"strings"
)

// Draft collects changes to an image and makes the next one. It belongs to one goroutine and is used
// once: after Done it must not be touched.
type Draft struct {
	img       Image
	ownNames  owned
	ownIDs    owned
	ownSorted bool // img.sorted is a copy of the draft's own
}

// Edit begins a draft of the image that follows i; i itself stays as it is.
func (i *Image) Edit() *Draft { return &Draft{img: *i} }

// Done returns the image drafted.
func (d *Draft) Done() *Image {
	img := d.img
	return &img
}

// place puts t where the name belongs in the sorted list, in place of a topic of that name; a nil t
// takes the name out.
func (d *Draft) place(name string, t *Topic) {
	if !d.ownSorted {
		d.ownSorted = true
		d.img.sorted = slices.Clone(d.img.sorted)
	}
	at, found := slices.BinarySearchFunc(d.img.sorted, name,
		func(t *Topic, name string) int { return strings.Compare(t.Name, name) })
	switch {
	case t == nil && found:
		d.img.sorted = slices.Delete(d.img.sorted, at, at+1)
	case t != nil && found:
		d.img.sorted[at] = t
	case t != nil:
		d.img.sorted = slices.Insert(d.img.sorted, at, t)
	}
}

// SetRevision says which revision of the store the drafted image shows.
func (d *Draft) SetRevision(rev int64) { d.img.Revision = rev }

// SetClusterID sets the cluster's id.
func (d *Draft) SetClusterID(id string) { d.img.ClusterID = id }

// SetSelf says which broker, and which incarnation of it, holds the image.
func (d *Draft) SetSelf(broker int32, epoch int64) { d.img.BrokerID, d.img.BrokerEpoch = broker, epoch }

// SetFeatures replaces the finalised feature levels.
func (d *Draft) SetFeatures(levels map[string]int16, epoch int64) {
	d.img.Features, d.img.FeaturesEpoch = levels, epoch
}

// PutTopic adds a topic or replaces the one with the same id. The draft owns t from here on.
func (d *Draft) PutTopic(t *Topic) {
	if old := d.img.TopicByID(t.ID); old != nil && old.Name != t.Name {
		d.forgetName(old)
	}
	d.img.names.put(&d.ownNames, hashName(t.Name), t.Name, t)
	d.img.ids.put(&d.ownIDs, hashID(t.ID), t.ID, t)
	d.place(t.Name, t)
}

// DeleteTopic removes a topic; an unknown id changes nothing.
func (d *Draft) DeleteTopic(id TopicID) {
	old := d.img.TopicByID(id)
	if old == nil {
		return
	}
	d.img.ids.remove(&d.ownIDs, hashID(id), id)
	d.forgetName(old)
}

// forgetName takes a topic's name out, unless another topic has taken the name already.
func (d *Draft) forgetName(t *Topic) {
	if d.img.Topic(t.Name) != t {
		return
	}
	d.img.names.remove(&d.ownNames, hashName(t.Name), t.Name)
	d.place(t.Name, nil)
}

// PutBroker adds a live broker or replaces the one with the same id.
func (d *Draft) PutBroker(b Broker) {
	brokers := withoutBroker(d.img.Brokers, b.ID)
	brokers = append(brokers, b)
	slices.SortFunc(brokers, func(a, b Broker) int { return int(a.ID) - int(b.ID) })
	d.setBrokers(brokers)
}

// setBrokers also names the controller: the live broker with the smallest id.
func (d *Draft) setBrokers(brokers []Broker) {
	d.img.Brokers = brokers
	d.img.ControllerID = -1
	if len(brokers) > 0 {
		d.img.ControllerID = brokers[0].ID
	}
}

// DeleteBroker removes a broker that is gone.
func (d *Draft) DeleteBroker(id int32) { d.setBrokers(withoutBroker(d.img.Brokers, id)) }

// withoutBroker copies: the slice of the image before is shared.
func withoutBroker(brokers []Broker, id int32) []Broker {
	return slices.DeleteFunc(slices.Clone(brokers), func(b Broker) bool { return b.ID == id })
}

// SetBrokerConfig replaces the dynamic settings of a broker, or the cluster-wide ones under
// DefaultBroker; an empty map removes them. The draft owns the map from here on.
func (d *Draft) SetBrokerConfig(id int32, configs map[string]string) {
	d.img.brokerConfigs = withConfig(d.img.brokerConfigs, id, configs)
}

// SetGroupConfig replaces the settings of a group; an empty map removes them. The draft owns the map.
func (d *Draft) SetGroupConfig(group string, configs map[string]string) {
	d.img.groupConfigs = withConfig(d.img.groupConfigs, group, configs)
}

func withConfig[K comparable](all map[K]map[string]string, key K, configs map[string]string,
) map[K]map[string]string {
	next := maps.Clone(all)
	if len(configs) == 0 {
		delete(next, key)
		return next
	}
	if next == nil {
		next = make(map[K]map[string]string)
	}
	next[key] = configs
	return next
}
