package handlers

import (
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/coordinator"
	"weir/groups"
	"weir/log"
	"weir/metadata"
	"weir/partition"
	"weir/txn"
)

// Versions of TxnOffsetCommit from which on clients follow KIP-890, as those of Produce.
const (
	txnCommitKnowsAbortable = 4
	txnCommitAddsPartition  = 5
)

// txnCommitKnowsEpochs is the version of TxnOffsetCommit from which on it has topic ids (KIP-1319), and words for
// what a group of the new protocols refuses.
const txnCommitKnowsEpochs = 6

// TxnOffsetCommit (key 28), v0-v6.
//
// Behavior:
//   - Stores offsets with the group's coordinator as part of a producer's transaction: they count when it is
//     committed. From v5 on the group's partition is made part of the transaction, before that the client must have
//     said so (AddOffsetsToTxn).
//   - Before that, one that comes on a connection that its client has given up (KAFKA-17754) is not answered: the
//     connection is closed.
//   - The member is checked if the request names one; a group's generation that is over answers 22, and so do, before
//     v6, a group that is not there (69 then) and a member's epoch that is not its own (113 then).
//   - Topics and partitions that do not exist answer 3 (an unknown id 100) without keeping the others from being
//     stored. An error of the whole commit stands at every partition.
//
// Version notes: v2 leader epochs (KIP-320), v3 member and generation (KIP-447), v4 knows TRANSACTION_ABORTABLE, v6
// topic ids (KIP-1319).
func (h *Handlers) serveTxnOffsetCommit(c *Conn, version int16, req *kmsg.TxnOffsetCommitRequest) Answer {
	answer := &txnCommitAnswer{h: h, resp: req.ResponseKind().(*kmsg.TxnOffsetCommitResponse), version: version}
	commit := groups.TransactionCommitRequest{
		Producer:      coordinator.Producer{ID: req.ProducerID, Epoch: req.ProducerEpoch},
		CommitRequest: groups.CommitRequest{GroupID: req.Group, Generation: -1, RetentionMs: -1, KnowsEpochs: true},
	}
	if version >= 3 {
		commit.Generation, commit.MemberID, commit.InstanceID = req.Generation, req.MemberID, req.InstanceID
	}
	err := h.mayCommitTransaction(c, req)
	image := h.Cluster.Image()
	for i := range req.Topics {
		wanted := answer.sort(c, image, i, &req.Topics[i], err)
		if len(wanted.Partitions) > 0 {
			commit.Topics = append(commit.Topics, wanted)
		}
	}
	if len(answer.sent) == 0 {
		return Now(answer.resp)
	}
	guard, to, err := h.joinOffsets(c, version, req)
	if errors.Is(err, txn.ErrLate) {
		return Never()
	}
	if err != nil {
		return Now(answer.fill(groups.CommitResponse{}, err))
	}
	commit.Guard = guard
	return LaterFuture(h.Groups.CommitTransactionOffsets(commit), func(r groups.CommitResponse, err error) kmsg.Response {
		if err != nil && guard.Asks() {
			to.Unguard(req.ProducerID, guard)
		}
		return answer.fill(r, err)
	})
}

func (h *Handlers) mayCommitTransaction(c *Conn, req *kmsg.TxnOffsetCommitRequest) error {
	switch {
	case !h.allowed(c, opWrite, transactionalIDResource, req.TransactionalID):
		return kerr.TransactionalIDAuthorizationFailed
	case !h.allowed(c, opRead, groupResource, req.Group):
		return kerr.GroupAuthorizationFailed
	case req.Group == "":
		return kerr.InvalidGroupID
	}
	return nil
}

// joinOffsets makes sure that the group's partition is part of the producer's transaction, and gives the guard to
// write there with. It waits for the coordinator: what follows on the connection may end the transaction.
func (h *Handlers) joinOffsets(c *Conn, version int16, req *kmsg.TxnOffsetCommitRequest) (log.Guard, *partition.Partition, error) {
	at := h.offsetsPartition(req.Group)
	to, err := h.findByName(at.Topic, at.Index)
	if err != nil {
		return log.Guard{}, nil, fmt.Errorf("%w: %w", kerr.CoordinatorNotAvailable, err)
	}
	producer := txn.Producer{ID: req.ProducerID, Epoch: req.ProducerEpoch}
	ask := h.Txns.Verify
	if version >= txnCommitAddsPartition {
		ask = h.Txns.Add
	}
	var guard log.Guard
	for range joinTries {
		guard = to.Guard(req.ProducerID, req.ProducerEpoch)
		if version < txnCommitAddsPartition { // after the guard: what ends the transaction from now on makes it void
			_, err := h.Txns.Hear(req.TransactionalID, producer, c.sender(txn.Offsets)).Result()
			if errors.Is(err, txn.ErrLate) {
				return guard, to, err
			}
			if !h.verifies(h.Cluster.Image()) {
				to.Unguard(req.ProducerID, guard)
				return log.Guard{}, to, nil
			}
		}
		if !guard.Asks() {
			return guard, to, nil
		}
		_, err := ask(txn.AddRequest{ID: req.TransactionalID, Partitions: []txn.Partition{at}, Producer: producer,
			Client: c.client()}).Result()
		if err != nil {
			to.Unguard(req.ProducerID, guard)
			return guard, to, notInTransactionOffsets(version, err)
		}
		if to.Guards(req.ProducerID, guard) {
			break
		}
	}
	return guard, to, nil
}

// notInTransactionOffsets words the transaction coordinator's refusal as the client's version knows it.
func notInTransactionOffsets(version int16, err error) error {
	switch {
	case errors.Is(err, txn.ErrNotInTransaction) && version < txnCommitKnowsAbortable:
		return fmt.Errorf("%w: %w", kerr.InvalidTxnState, err)
	case errors.Is(err, txn.ErrFenced):
		return fmt.Errorf("%w: %w", kerr.InvalidProducerEpoch, err)
	case errors.Is(err, txn.ErrConcurrent) && version < txnCommitAddsPartition,
		errors.Is(err, coordinator.ErrNotCoordinator), errors.Is(err, coordinator.ErrLoading),
		errors.Is(err, coordinator.ErrNotAvailable):
		return fmt.Errorf("%w: %w", kerr.CoordinatorNotAvailable, err)
	}
	return err
}

// txnCommitAnswer is an answer whose partitions stand as they were asked for, of which some wait for the
// coordinator.
type txnCommitAnswer struct {
	h       *Handlers
	resp    *kmsg.TxnOffsetCommitResponse
	version int16
	sent    [][2]int // places of topic and partition, in the order in which they were sent to the coordinator
}

// sort answers a topic's partitions with err or their own errors, and gives those that are to be committed.
func (a *txnCommitAnswer) sort(c *Conn, image *metadata.Image, i int, asked *kmsg.TxnOffsetCommitRequestTopic, err error,
) groups.CommitTopic {
	told := kmsg.NewTxnOffsetCommitResponseTopic()
	told.Topic, told.TopicID = asked.Topic, asked.TopicID
	var topic *metadata.Topic
	var wanted groups.CommitTopic
	if err == nil {
		topic, err = a.h.commitTopic(c, image, a.version >= txnCommitKnowsEpochs, asked.Topic, asked.TopicID)
	}
	if err == nil {
		wanted.Name, wanted.ID = topic.Name, topic.ID
	}
	for j, p := range asked.Partitions {
		partitionErr := err
		if err == nil && (p.Partition < 0 || int(p.Partition) >= len(topic.Partitions)) {
			partitionErr = kerr.UnknownTopicOrPartition
		}
		answer := kmsg.NewTxnOffsetCommitResponseTopicPartition()
		answer.Partition, answer.ErrorCode = p.Partition, a.h.code(partitionErr)
		told.Partitions = append(told.Partitions, answer)
		if partitionErr == nil {
			a.sent = append(a.sent, [2]int{i, j})
			wanted.Partitions = append(wanted.Partitions, groups.CommitPartition{
				Index: p.Partition, Offset: p.Offset, LeaderEpoch: p.LeaderEpoch, Metadata: p.Metadata,
			})
		}
	}
	a.resp.Topics = append(a.resp.Topics, told)
	return wanted
}

// fill writes what the coordinator said.
func (a *txnCommitAnswer) fill(r groups.CommitResponse, err error) kmsg.Response {
	if a.version < txnCommitKnowsEpochs && (errors.Is(err, groups.ErrGroupNotFound) || errors.Is(err, groups.ErrStaleMemberEpoch)) {
		err = groups.ErrIllegalGeneration
	}
	code, n := a.h.code(err), 0
	for _, at := range a.sent {
		a.resp.Topics[at[0]].Partitions[at[1]].ErrorCode = code
	}
	if err != nil {
		return a.resp
	}
	for _, t := range r.Topics {
		for _, p := range t.Partitions {
			at := a.sent[n]
			a.resp.Topics[at[0]].Partitions[at[1]].ErrorCode = a.h.code(p.Err)
			n++
		}
	}
	return a.resp
}
