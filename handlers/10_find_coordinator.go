package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/metadata"
)

// Types of coordinator (FindCoordinatorRequest.CoordinatorType).
const (
	groupCoordinator       int8 = 0
	transactionCoordinator int8 = 1
	shareCoordinator       int8 = 2
)

// malformed is what Kafka says with INVALID_REQUEST when it has nothing better to say (Errors.java).
const malformed = "This most likely occurs because of a request being malformed by the client library or " +
	"the message was sent to an incompatible broker. See the broker logs for more details."

// FindCoordinator (key 10), v0-v6.
//
// Behavior:
//   - The coordinator of a group is the leader of its partition of __consumer_offsets, that of a transactional id
//     of its partition of __transaction_state, that of a partition which a share group reads, named
//     "group:topic id:partition", of its partition of __share_group_state; the topic is created when it is first asked for.
//   - While a coordinator reads its partition, what is asked of it waits, for a second at most; only then it answers
//     14, which Kafka answers at once. Heartbeat (12) does not wait.
//   - Coordinators of share partitions answer 42 before v6, as unknown types do.
//
// Version notes: v1 type, v4 several keys (KIP-699), v6 share coordinators (KIP-932).
func (h *Handlers) serveFindCoordinator(c *Conn, version int16, req *kmsg.FindCoordinatorRequest) Answer {
	resp := req.ResponseKind().(*kmsg.FindCoordinatorResponse)
	if version >= 4 {
		for _, key := range req.CoordinatorKeys {
			resp.Coordinators = append(resp.Coordinators, h.findCoordinator(c, version, req.CoordinatorType, key))
		}
		return Now(resp)
	}
	found := h.findCoordinator(c, version, req.CoordinatorType, req.CoordinatorKey)
	resp.ErrorCode, resp.ErrorMessage = found.ErrorCode, found.ErrorMessage
	resp.NodeID, resp.Host, resp.Port = found.NodeID, found.Host, found.Port
	if found.ErrorCode == 0 {
		none := "NONE" // the name of code 0, which Kafka puts there
		resp.ErrorMessage = &none
	}
	return Now(resp)
}

// findCoordinator finds one.
func (h *Handlers) findCoordinator(c *Conn, version int16, kind int8, key string,
) (found kmsg.FindCoordinatorResponseCoordinator) {
	found = kmsg.NewFindCoordinatorResponseCoordinator()
	found.Key, found.NodeID, found.Port = key, -1, -1
	text := ""
	found.ErrorMessage = &text
	var err error
	switch kind {
	case groupCoordinator:
		err = kerr.GroupAuthorizationFailed
		if h.allowed(c, opDescribe, groupResource, key) {
			err = h.tellLeader(c, &found, h.groupLeader)
		}
	case transactionCoordinator:
		err = kerr.TransactionalIDAuthorizationFailed
		if h.allowed(c, opDescribe, transactionalIDResource, key) {
			err = h.tellLeader(c, &found, h.transactionLeader)
		}
	case shareCoordinator:
		err = kerr.InvalidRequest
		if hashed, ok := sharePartitionKey(key); ok && version >= 6 {
			err = h.tellLeader(c, &found, func(string) (*metadata.Broker, error) { return h.shareLeader(hashed) })
		}
	default:
		err, text = kerr.InvalidRequest, malformed
	}
	found.ErrorCode = h.code(err)
	if err != nil && version < 4 {
		text = malformed
		if found.ErrorCode != kerr.InvalidRequest.Code {
			text = kerr.ErrorForCode(found.ErrorCode).Error()
		}
	}
	return found
}

// tellLeader fills in the broker that coordinates a key.
func (h *Handlers) tellLeader(c *Conn, found *kmsg.FindCoordinatorResponseCoordinator,
	leaderOf func(key string) (*metadata.Broker, error),
) error {
	broker, err := leaderOf(found.Key)
	if err != nil {
		return err
	}
	host, port, ok := h.EndpointFor(c, broker)
	if !ok {
		return kerr.CoordinatorNotAvailable
	}
	found.NodeID, found.Host, found.Port = broker.ID, host, port
	return nil
}
