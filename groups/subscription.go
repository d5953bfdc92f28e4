package groups

import (
	"encoding/binary"
	"errors"
)

// consumerProtocolType is the protocol type of consumers, whose metadata the coordinator understands a
// little.
const consumerProtocolType = "consumer"

// errSubscription says that metadata is not a consumer's subscription.
var errSubscription = errors.New("metadata is not a consumer subscription")

// parseSubscription reads the topics out of a consumer's metadata. Every version begins with version 0: an
// int16 version and an array of strings.
func parseSubscription(metadata []byte) ([]string, error) {
	if len(metadata) < 6 || int16(binary.BigEndian.Uint16(metadata)) < 0 {
		return nil, errSubscription
	}
	count := int(int32(binary.BigEndian.Uint32(metadata[2:])))
	rest := metadata[6:]
	if count < 0 || count > len(rest)/2 { // each string takes two bytes at least
		return nil, errSubscription
	}
	topics := make([]string, 0, count)
	for range count {
		if len(rest) < 2 {
			return nil, errSubscription
		}
		n := int(int16(binary.BigEndian.Uint16(rest)))
		if n < 0 || n > len(rest)-2 {
			return nil, errSubscription
		}
		topics = append(topics, string(rest[2:2+n]))
		rest = rest[2+n:]
	}
	return topics, nil
}

// subscriptions gives the topics that the members read together; nil if they are not consumers or one of them
// cannot be understood.
func (c *classic) subscriptions() map[string]struct{} {
	if !c.usesConsumerProtocol() || c.protocol == nil && len(c.members) > 0 {
		return nil
	}
	all := make(map[string]struct{})
	for _, m := range c.members {
		topics, err := parseSubscription(m.metadataFor(*c.protocol))
		if err != nil {
			return nil
		}
		for _, t := range topics {
			all[t] = struct{}{}
		}
	}
	return all
}
