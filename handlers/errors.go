package handlers

import (
	"context"
	"errors"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"

	"weir/cluster"
	"weir/coordinator"
	"weir/groups"
	"weir/log"
	"weir/partition"
	"weir/record"
	"weir/share"
	"weir/txn"
)

// unknownServerError is Kafka's -1, for what should not happen.
const unknownServerError int16 = -1

// translation is one line of the table below.
type translation struct {
	err  error
	code *kerr.Error
}

// code returns Kafka's code for an error of any room; 0 for nil. It and its table are the only place in the
// program where a Go error becomes a Kafka code. Handlers that need a code for a mistake of the request
// itself wrap the kerr error of that name, which is found here too.
func (h *Handlers) code(err error) int16 {
	if err == nil {
		return 0
	}
	var kafka *kerr.Error
	if errors.As(err, &kafka) {
		return kafka.Code
	}
	for _, t := range h.translations {
		if errors.Is(err, t.err) {
			return t.code.Code
		}
	}
	h.Logger.Error("no Kafka code for error", "error", err)
	return unknownServerError
}

// message returns the text that goes with the code in responses that carry one, nil for no error or no text.
func (h *Handlers) message(err error) *string {
	if err == nil {
		return nil
	}
	text, ok := cluster.ClientText(err)
	if !ok {
		return nil
	}
	return orNull(text)
}

// translations is ordered: the first match wins, so special cases stand before what they wrap.
func translations() []translation {
	all := []translation{
		{context.Canceled, kerr.CoordinatorNotAvailable},
		{context.DeadlineExceeded, kerr.RequestTimedOut},

		{record.ErrTooLargeDecompressed, kerr.InvalidRecord},
		{record.ErrTooLarge, kerr.MessageTooLarge},
		{record.ErrInvalidTimestamp, kerr.InvalidTimestamp},
		{record.ErrUnsupportedCodec, kerr.InvalidRecord},
		{record.ErrUnsupportedMagic, kerr.InvalidRecord},
		{record.ErrInvalid, kerr.InvalidRecord},
		{record.ErrCorrupt, kerr.CorruptMessage},

		{partition.ErrNotLeader, kerr.NotLeaderForPartition},
		{partition.ErrFencedEpoch, kerr.FencedLeaderEpoch},
		{partition.ErrUnknownEpoch, kerr.UnknownLeaderEpoch},
		{partition.ErrUnknown, kerr.UnknownTopicOrPartition},
		{partition.ErrStopped, kerr.RequestTimedOut},
		{log.ErrDiskFull, kerr.KafkaStorageError},
		{log.ErrOffline, kerr.KafkaStorageError},
		{log.ErrStorage, kerr.KafkaStorageError},
		{log.ErrClosed, kerr.NotLeaderForPartition},
		{log.ErrStaleEpoch, kerr.NotLeaderForPartition},
		{log.ErrUnknownLog, kerr.UnknownTopicOrPartition},
		{log.ErrOffsetOutOfRange, kerr.OffsetOutOfRange},
		{log.ErrOutOfOrderSequence, kerr.OutOfOrderSequenceNumber},
		{log.ErrProducerFenced, kerr.InvalidProducerEpoch},
		{log.ErrSegmentTooSmall, kerr.RecordListTooLarge},
		{log.ErrInvalidTxnState, kerr.InvalidTxnState},
		{log.ErrCoordinatorFenced, kerr.TransactionCoordinatorFenced},

		{cluster.ErrTopicExists, kerr.TopicAlreadyExists},
		{cluster.ErrTopicCollision, kerr.InvalidTopicException},
		{cluster.ErrInvalidTopic, kerr.InvalidTopicException},
		{cluster.ErrInvalidPartitions, kerr.InvalidPartitions},
		{cluster.ErrInvalidReplicationFactor, kerr.InvalidReplicationFactor},
		{cluster.ErrInvalidAssignment, kerr.InvalidReplicaAssignment},
		{cluster.ErrInvalidConfig, kerr.InvalidConfig},
		{cluster.ErrInvalidRequest, kerr.InvalidRequest},
		{cluster.ErrUnknownTopicID, kerr.UnknownTopicID},
		{cluster.ErrUnknownTopic, kerr.UnknownTopicOrPartition},
		{cluster.ErrPolicyViolation, kerr.PolicyViolation},
		{cluster.ErrInvalidFeatureLevel, kerr.InvalidUpdateVersion},
		{cluster.ErrTimeout, kerr.RequestTimedOut},
		{cluster.ErrClosed, kerr.NotController},

		{coordinator.ErrNotCoordinator, kerr.NotCoordinator},
		{coordinator.ErrLoading, kerr.CoordinatorLoadInProgress},
		{coordinator.ErrNotAvailable, kerr.CoordinatorNotAvailable},
		{coordinator.ErrTooLarge, kerr.UnknownServerError},
	}
	return slices.Concat(all, groupTranslations(), txnTranslations(), shareTranslations())
}

// txnTranslations are those of package txn.
func txnTranslations() []translation {
	return []translation{
		{txn.ErrInvalidRequest, kerr.InvalidRequest},
		{txn.ErrInvalidTimeout, kerr.InvalidTransactionTimeout},
		{txn.ErrUnknownMapping, kerr.InvalidProducerIDMapping},
		{txn.ErrFenced, kerr.ProducerFenced},
		{txn.ErrConcurrent, kerr.ConcurrentTransactions},
		{txn.ErrInvalidState, kerr.InvalidTxnState},
		{txn.ErrNotInTransaction, kerr.TransactionAbortable},
		{txn.ErrNotFound, kerr.TransactionalIDNotFound},
		{txn.ErrTooManyPartitions, kerr.UnknownServerError},
	}
}

// shareTranslations are those of package share.
func shareTranslations() []translation {
	return []translation{
		{share.ErrInvalidRecordState, kerr.InvalidRecordState},
		{share.ErrInvalidRequest, kerr.InvalidRequest},
	}
}

// groupTranslations are those of package groups.
func groupTranslations() []translation {
	return []translation{
		{groups.ErrInvalidGroupID, kerr.InvalidGroupID},
		{groups.ErrInvalidRequest, kerr.InvalidRequest},
		{groups.ErrUnknownMember, kerr.UnknownMemberID},
		{groups.ErrIllegalGeneration, kerr.IllegalGeneration},
		{groups.ErrInconsistentProtocol, kerr.InconsistentGroupProtocol},
		{groups.ErrInvalidSessionTimeout, kerr.InvalidSessionTimeout},
		{groups.ErrRebalanceInProgress, kerr.RebalanceInProgress},
		{groups.ErrMemberIDRequired, kerr.MemberIDRequired},
		{groups.ErrFencedInstance, kerr.FencedInstanceID},
		{groups.ErrGroupMaxSize, kerr.GroupMaxSizeReached},
		{groups.ErrTooManyGroups, kerr.PolicyViolation},
		{groups.ErrGroupNotFound, kerr.GroupIDNotFound},
		{groups.ErrNonEmptyGroup, kerr.NonEmptyGroup},
		{groups.ErrGroupSubscribedToTopic, kerr.GroupSubscribedToTopic},
		{groups.ErrOffsetMetadataTooLarge, kerr.OffsetMetadataTooLarge},
		{groups.ErrUnstableOffset, kerr.UnstableOffsetCommit},
		{groups.ErrFencedMemberEpoch, kerr.FencedMemberEpoch},
		{groups.ErrStaleMemberEpoch, kerr.StaleMemberEpoch},
		{groups.ErrUnreleasedInstance, kerr.UnreleasedInstanceID},
		{groups.ErrUnsupportedAssignor, kerr.UnsupportedAssignor},
		{groups.ErrInvalidRegex, kerr.InvalidRegularExpression},
		{groups.ErrInvalidTopology, kerr.StreamsInvalidTopology},
		{groups.ErrOtherKind, kerr.GroupIDNotFound},
		{groups.ErrOldVersion, kerr.UnsupportedVersion},
	}
}
