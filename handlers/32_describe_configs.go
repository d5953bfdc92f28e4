package handlers

import (
	"slices"
	"strconv"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/cluster"
	"weir/config"
)

// DescribeConfigs (key 32), v1-v4.
//
// Behavior:
//   - Describes every setting of topics, brokers and groups, or those named, with the value in force, where
//     it comes from, and on request every source that has a value (synonyms, strongest first) and what it
//     means.
//   - Broker "" describes what was altered for all brokers. Only the broker asked knows its own settings;
//     another's id answers 42. Values of passwords are null.
//   - Loggers of a broker cannot be set one by one, and there are no client metrics: both describe nothing.
//
// Version notes: v3 types and documentation (KIP-569).
func (h *Handlers) serveDescribeConfigs(c *Conn, _ int16, req *kmsg.DescribeConfigsRequest) Answer {
	resp := req.ResponseKind().(*kmsg.DescribeConfigsResponse)
	for i := range req.Resources {
		asked := &req.Resources[i]
		described := kmsg.NewDescribeConfigsResponseResource()
		described.ResourceType, described.ResourceName = asked.ResourceType, asked.ResourceName
		text := ""
		described.ErrorMessage = &text
		entries, err := h.describeResource(c, asked)
		if err != nil {
			described.ErrorCode, text = h.code(err), err.Error()
		}
		for _, e := range entries {
			if len(asked.ConfigNames) == 0 || slices.Contains(asked.ConfigNames, e.Name) {
				described.Configs = append(described.Configs, describeEntry(&e, req))
			}
		}
		resp.Resources = append(resp.Resources, described)
	}
	return Now(resp)
}

// describeResource returns the settings of one resource.
func (h *Handlers) describeResource(c *Conn, asked *kmsg.DescribeConfigsRequestResource,
) ([]config.Entry, error) {
	if err := h.mayDescribeConfigs(c, asked.ResourceType, asked.ResourceName); err != nil {
		return nil, err
	}
	image, name := h.Cluster.Image(), asked.ResourceName
	settings := h.settings.at(image).broker
	switch asked.ResourceType {
	case kmsg.ConfigResourceTypeTopic:
		if err := cluster.CheckName(name); err != nil {
			return nil, err
		}
		topic := image.Topic(name)
		if topic == nil {
			return nil, refuse(kerr.UnknownTopicOrPartition, "")
		}
		return settings.DescribeTopic(topic.Configs), nil
	case kmsg.ConfigResourceTypeBroker:
		if name == "" {
			return settings.DescribeClusterWide(), nil
		}
		err := h.thisBroker(name, "Unexpected broker id, expected %d or empty string, but received %s")
		if err != nil {
			return nil, err
		}
		return settings.DescribeBroker(), nil
	case kmsg.ConfigResourceTypeBrokerLogger:
		if name == "" {
			return nil, refuse(kerr.InvalidRequest, "Broker id must not be empty")
		}
		return nil, h.thisBroker(name, "Unexpected broker id, expected %d but received %s")
	case kmsg.ConfigResourceTypeClientMetrics:
		if name == "" {
			return nil, refuse(kerr.InvalidRequest, "Client metrics subscription name must not be empty")
		}
		return nil, nil
	case kmsg.ConfigResourceTypeGroupConfig:
		if name == "" {
			return nil, refuse(kerr.InvalidRequest, "Group name must not be empty")
		}
		return settings.DescribeGroup(image.GroupConfig(name)), nil
	}
	return nil, refuse(kerr.InvalidRequest, "%s", malformed)
}

// mayDescribeConfigs is the authorise beat.
func (h *Handlers) mayDescribeConfigs(c *Conn, kind kmsg.ConfigResourceType, name string) error {
	switch kind {
	case kmsg.ConfigResourceTypeTopic:
		if !h.allowed(c, opDescribeConfigs, topicResource, name) {
			return kerr.TopicAuthorizationFailed
		}
	case kmsg.ConfigResourceTypeGroupConfig:
		if !h.allowed(c, opDescribeConfigs, groupResource, name) {
			return kerr.GroupAuthorizationFailed
		}
	default:
		if !h.allowed(c, opDescribeConfigs, clusterResource, clusterName) {
			return kerr.ClusterAuthorizationFailed
		}
	}
	return nil
}

// thisBroker checks that a resource name is this broker's id.
func (h *Handlers) thisBroker(name, otherwise string) error {
	id, err := strconv.ParseInt(name, 10, 32)
	if err != nil {
		return refuse(kerr.InvalidRequest, "Broker id must be an integer, but it is: %s", name)
	}
	if int32(id) != h.BrokerID {
		return refuse(kerr.InvalidRequest, otherwise, h.BrokerID, name)
	}
	return nil
}

// describeEntry encodes one setting. Fields of later versions are left out by the encoder.
func describeEntry(e *config.Entry, req *kmsg.DescribeConfigsRequest,
) kmsg.DescribeConfigsResponseResourceConfig {
	c := kmsg.NewDescribeConfigsResponseResourceConfig()
	c.Name, c.ReadOnly, c.IsSensitive = e.Name, e.ReadOnly, e.Def.Sensitive()
	c.Source, c.ConfigType = kmsg.ConfigSource(e.Source), kmsg.ConfigType(e.Def.Type)
	if !e.Null {
		c.Value = &e.Value
	}
	if req.IncludeDocumentation {
		c.Documentation = &e.Def.Doc
	}
	if !req.IncludeSynonyms {
		return c
	}
	for _, s := range e.Synonyms {
		synonym := kmsg.NewDescribeConfigsResponseResourceConfigConfigSynonym()
		synonym.Name, synonym.Source = s.Name, kmsg.ConfigSource(s.Source)
		if !s.Null {
			synonym.Value = &s.Value
		}
		c.ConfigSynonyms = append(c.ConfigSynonyms, synonym)
	}
	return c
}
