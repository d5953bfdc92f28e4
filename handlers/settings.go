package handlers

import (
	"fmt"
	"sync"
	"sync/atomic"

	"weir/config"
	"weir/metadata"
	"weir/record"
	"weir/share"
)

// settingsCache holds the settings in force under the newest image, parsed once per topic and not once per
// request.
type settingsCache struct {
	static   *config.Values
	brokerID int32
	current  atomic.Pointer[settingsAt] // replaced whole when the image has changed
}

// settingsAt is the settings under one image.
type settingsAt struct {
	image  *metadata.Image
	broker *config.Broker
	// verifies says that what joins a transaction is checked to be part of it.
	verifies bool
	topics   sync.Map // *metadata.Topic to *topicSettings
	shares   sync.Map // id of a group with settings of its own, "" for all others, to *config.ShareConfig
}

// topicSettings is what the data plane needs of a topic's settings.
type topicSettings struct {
	rules         record.Rules // without NowMs
	zstd          bool         // compression.type is zstd
	deleteRecords bool         // cleanup.policy has delete
	share         share.TopicSettings
}

// at returns the settings under an image.
func (s *settingsCache) at(image *metadata.Image) *settingsAt {
	if now := s.current.Load(); now != nil && now.image == image {
		return now
	}
	clusterWide, own := image.BrokerConfig(metadata.DefaultBroker), image.BrokerConfig(s.brokerID)
	now := &settingsAt{image: image, broker: config.NewBroker(s.static, clusterWide, own)}
	now.verifies = now.broker.Bool("transaction.partition.verification.enable")
	s.current.Store(now)
	return now
}

// of returns a topic's settings under an image.
func (s *settingsCache) of(image *metadata.Image, topic *metadata.Topic) *topicSettings {
	at := s.at(image)
	if found, ok := at.topics.Load(topic); ok {
		return found.(*topicSettings)
	}
	parsed := parseTopic(at.broker.Topic(topic.Configs))
	at.topics.Store(topic, parsed)
	return parsed
}

// ShareConfig returns what a share group goes by under the newest image. It must not be modified.
func (h *Handlers) ShareConfig(group string) *config.ShareConfig {
	image := h.Cluster.Image()
	at, own := h.settings.at(image), image.GroupConfig(group)
	if own == nil {
		group = ""
	}
	if found, ok := at.shares.Load(group); ok {
		return found.(*config.ShareConfig)
	}
	parsed := at.broker.Share(own)
	at.shares.Store(group, &parsed)
	return &parsed
}

// Settings returns the broker's settings in force: those it was started with under those altered over the
// wire.
func (h *Handlers) Settings() *config.Broker { return h.settings.at(h.Cluster.Image()).broker }

// verifies tells whether the coordinator is asked before a client of the first generation opens a transaction in a
// partition.
func (h *Handlers) verifies(image *metadata.Image) bool { return h.settings.at(image).verifies }

func parseTopic(c config.TopicConfig) *topicSettings {
	t := &topicSettings{zstd: c.String("compression.type") == "zstd", share: shareTopicOf(c)}
	compact := false
	for _, policy := range c.List("cleanup.policy") {
		switch policy {
		case "delete":
			t.deleteRecords = true
		case "compact":
			compact = true
		}
	}
	t.rules = record.Rules{
		MaxBytes:        int(c.Int64("max.message.bytes")),
		MaxDecompressed: c.Int64("max.decompressed.message.bytes"),
		BeforeMaxMs:     c.Int64("message.timestamp.before.max.ms"),
		AfterMaxMs:      c.Int64("message.timestamp.after.max.ms"),
		RequireKeys:     compact,
		FromClient:      true,
		Compression:     compressionOf(c),
	}
	if c.String("message.timestamp.type") == "LogAppendTime" {
		t.rules.TimestampType = record.LogAppendTime
	}
	return t
}

func compressionOf(c config.TopicConfig) record.Compression {
	name := c.String("compression.type")
	compression, err := record.ParseCompression(name)
	if err != nil {
		panic(fmt.Sprintf("BUG: compression.type %q passed its check: %v", name, err))
	}
	switch compression.Codec {
	case record.Gzip, record.LZ4, record.Zstd:
		compression.Level = int(c.Int64("compression." + name + ".level"))
	}
	return compression
}
