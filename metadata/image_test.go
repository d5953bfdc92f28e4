package metadata

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func topic(name string, partitions int) *Topic {
	return &Topic{ID: NewTopicID(), Name: name, Partitions: make([]Partition, partitions)}
}

func names(i *Image) string {
	var all []string
	for _, t := range i.Topics() {
		all = append(all, t.Name)
	}
	return strings.Join(all, " ")
}

func TestDraftLeavesTheImageBefore(t *testing.T) {
	d := Empty().Edit()
	a, b := topic("a", 1), topic("b", 2)
	d.PutTopic(b)
	d.PutTopic(a)
	d.SetRevision(1)
	d.SetClusterID("c")
	d.PutBroker(Broker{ID: 2})
	d.SetBrokerConfig(DefaultBroker, map[string]string{"x": "1"})
	d.SetGroupConfig("g", map[string]string{"y": "2"})
	one := d.Done()

	d = one.Edit()
	d.DeleteTopic(a.ID)
	d.DeleteTopic(TopicID{1})
	grown := *b
	grown.Partitions = make([]Partition, 3)
	d.PutTopic(&grown)
	d.PutBroker(Broker{ID: 1})
	d.DeleteBroker(2)
	d.SetBrokerConfig(DefaultBroker, nil)
	d.SetGroupConfig("g", nil)
	d.SetGroupConfig("h", map[string]string{"z": "3"})
	two := d.Done()

	if names(one) != "a b" || one.Topic("a") != a || one.TopicByID(b.ID) != b || one.PartitionCount() != 3 {
		t.Errorf("the image before has changed: %s", names(one))
	}
	if one.ControllerID != 2 || one.BrokerConfig(DefaultBroker)["x"] != "1" || one.GroupConfig("g")["y"] != "2" {
		t.Errorf("the image before has changed: %+v", one)
	}
	if names(two) != "b" || two.Topic("a") != nil || two.TopicByID(a.ID) != nil || two.PartitionCount() != 3 {
		t.Errorf("the image after: %s", names(two))
	}
	if two.ControllerID != 1 || two.Broker(2) != nil || two.Broker(1) == nil || two.ClusterID != "c" {
		t.Errorf("the image after: %+v", two)
	}
	if len(two.BrokerConfigIDs()) != 0 || !slices.Equal(two.GroupConfigNames(), []string{"h"}) {
		t.Errorf("settings after: %v %v", two.BrokerConfigIDs(), two.GroupConfigNames())
	}
	if _, ok := two.Partition(PartitionID{b.ID, 2}); !ok {
		t.Error("partition 2 is missing")
	}
	for _, n := range []int32{-1, 3} {
		if _, ok := two.Partition(PartitionID{b.ID, n}); ok {
			t.Errorf("partition %d exists", n)
		}
	}
}

// TestNameTakenByANewTopic: a topic made anew under a name must not be lost when the old one goes later.
func TestNameTakenByANewTopic(t *testing.T) {
	before, after := topic("n", 1), topic("n", 1)
	d := Empty().Edit()
	d.PutTopic(before)
	d.PutTopic(after)
	d.DeleteTopic(before.ID)
	img := d.Done()
	if img.Topic("n") != after || names(img) != "n" || img.TopicByID(before.ID) != nil {
		t.Errorf("got %+v, %s", img.Topic("n"), names(img))
	}
}

// TestDraftsAgreeWithAMap runs random histories against plain maps, and every image stays as it was.
func TestDraftsAgreeWithAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		img := Empty()
		model := make(map[string]*Topic)
		var images []*Image
		var models []map[string]*Topic
		for range rapid.IntRange(1, 20).Draw(t, "drafts") {
			d := img.Edit()
			for range rapid.IntRange(0, 5).Draw(t, "changes") {
				name := fmt.Sprintf("t%d", rapid.IntRange(0, 30).Draw(t, "topic"))
				if old := model[name]; old != nil && rapid.Bool().Draw(t, "delete") {
					d.DeleteTopic(old.ID)
					delete(model, name)
				} else {
					next := topic(name, 1)
					if old != nil {
						next.ID = old.ID
					}
					d.PutTopic(next)
					model[name] = next
				}
			}
			img = d.Done()
			images, models = append(images, img), append(models, maps.Clone(model))
		}
		for i := range images {
			agree(t, images[i], models[i])
		}
	})
}

func agree(t *rapid.T, img *Image, model map[string]*Topic) {
	want := slices.Sorted(maps.Keys(model))
	if names(img) != strings.Join(want, " ") {
		t.Fatalf("topics %s; want %v", names(img), want)
	}
	for i := range 31 {
		name := fmt.Sprintf("t%d", i)
		if img.Topic(name) != model[name] {
			t.Fatalf("%s by name: %p; want %p", name, img.Topic(name), model[name])
		}
		if m := model[name]; m != nil && img.TopicByID(m.ID) != m {
			t.Fatalf("%s by id: %p; want %p", name, img.TopicByID(m.ID), m)
		}
	}
}

func TestTopicIDText(t *testing.T) {
	for range 2000 {
		id := NewTopicID()
		text := id.String()
		back, err := ParseTopicID(text)
		if err != nil || back != id || text[0] == '-' || id.IsZero() || id[6]>>4 != 4 {
			t.Fatalf("%s: %v %v", text, back, err)
		}
		p := PartitionID{Topic: id, Index: rand.Int32()}
		if got, err := ParsePartitionID(p.String()); err != nil || got != p {
			t.Fatalf("%s: %v %v", p, got, err)
		}
	}
	good := NewTopicID().String()
	for _, bad := range []string{"", "x", good[:21], good + "A", good[:21] + "=", good[:21] + "_", "AAAAAAAAAAAAAAAAAAAAAB"} {
		if id, err := ParseTopicID(bad); err == nil && id.String() != bad {
			t.Errorf("%q passes for %s", bad, id)
		}
	}
	for _, bad := range []string{"", good, good + "-", good + "-x", good + "--1", good + "-01", good + "-2147483648",
		good + "-+1", good[:21] + "-1", "-1"} {
		if id, err := ParsePartitionID(bad); err == nil {
			t.Errorf("%q passes for %s", bad, id)
		}
	}
}

func BenchmarkImage(b *testing.B) {
	d := Empty().Edit()
	for i := range 10000 {
		d.PutTopic(topic(fmt.Sprintf("topic-%d", i), 1))
	}
	img := d.Done()
	id := img.Topic("topic-77").ID
	b.Run("op=name", func(b *testing.B) {
		for b.Loop() {
			img.Topic("topic-77")
		}
	})
	b.Run("op=id", func(b *testing.B) {
		for b.Loop() {
			img.TopicByID(id)
		}
	})
	b.Run("op=put", func(b *testing.B) {
		next := topic("topic-new", 1)
		for b.Loop() {
			d := img.Edit()
			d.PutTopic(next)
			d.Done()
		}
	})
}
