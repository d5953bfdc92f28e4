package groups

import (
	"slices"

	"weir/coordinator"
)

// ConsumerHeartbeat is what members of consumer groups say: they join, stay, change and leave by it. What the
// request holds must not be modified afterwards.
func (s *Service) ConsumerHeartbeat(r ConsumerHeartbeatRequest) *coordinator.Future[ConsumerHeartbeatResponse] {
	if err := s.config.checkConsumerHeartbeat(&r); err != nil {
		return coordinator.Completed(ConsumerHeartbeatResponse{}, err)
	}
	return decide(s, r.GroupID, func(m *machine, tx *coordinator.Tx) (ConsumerHeartbeatResponse, error) {
		return m.consumerHeartbeat(tx, &r)
	})
}

// DescribeConsumer describes consumer groups, in the order asked for; what went wrong with one stands in its
// Err.
func (s *Service) DescribeConsumer(ids []string) *coordinator.Future[[]ConsumerDescription] {
	ids = slices.Clone(ids)
	parts := make([]*coordinator.Future[ConsumerDescription], len(ids))
	for i, id := range ids {
		if id == "" {
			none := ConsumerDescription{Err: ErrInvalidGroupID}
			parts[i] = coordinator.Completed(none, nil)
			continue
		}
		parts[i] = decide(s, id, func(m *machine, tx *coordinator.Tx) (ConsumerDescription, error) {
			return m.describeConsumer(tx, id), nil
		})
	}
	return coordinator.Gather(parts, func(parts []*coordinator.Future[ConsumerDescription],
	) ([]ConsumerDescription, error) {
		all := make([]ConsumerDescription, len(parts))
		for i, p := range parts {
			d, err := p.Result()
			if err != nil {
				d = ConsumerDescription{GroupID: ids[i], Err: err}
			}
			all[i] = d
		}
		return all, nil
	})
}
