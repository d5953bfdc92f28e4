package oracle

import (
	"github.com/twmb/franz-go/pkg/kmsg"
)

// sample is a request of the key with at least one element in every array that matters; its names exist
// nowhere.
func sample(s *session, key, version int16) kmsg.Request {
	req := kmsg.RequestForKey(key)
	fill(req, s.name("sample"))
	req.SetVersion(version)
	return req
}

// fill puts one element into the arrays of a request.
func fill(req kmsg.Request, name string) {
	switch r := req.(type) {
	case *kmsg.ProduceRequest:
		r.Acks, r.TimeoutMillis = -1, 1000
		p := kmsg.ProduceRequestTopicPartition{Records: newBatch("v").bytes()}
		r.Topics = []kmsg.ProduceRequestTopic{{Topic: name, TopicID: unknownID,
			Partitions: []kmsg.ProduceRequestTopicPartition{p}}}
	case *kmsg.FetchRequest:
		*r = *fetchRequest(name, unknownID, 0, 0)
	case *kmsg.ListOffsetsRequest:
		*r = *listOffsetsRequest(name, 0, -1)
	case *kmsg.MetadataRequest:
		r.Topics = []kmsg.MetadataRequestTopic{{Topic: &name}}
	case *kmsg.OffsetForLeaderEpochRequest:
		r.ReplicaID = -2
		r.Topics = []kmsg.OffsetForLeaderEpochRequestTopic{{Topic: name,
			Partitions: []kmsg.OffsetForLeaderEpochRequestTopicPartition{{CurrentLeaderEpoch: -1}}}}
	case *kmsg.DescribeProducersRequest:
		r.Topics = []kmsg.DescribeProducersRequestTopic{{Topic: name, Partitions: []int32{0}}}
	case *kmsg.DeleteRecordsRequest:
		r.TimeoutMillis = 1000
		r.Topics = []kmsg.DeleteRecordsRequestTopic{{Topic: name,
			Partitions: []kmsg.DeleteRecordsRequestTopicPartition{{Offset: 1}}}}
	case *kmsg.ApiVersionsRequest:
		r.ClientSoftwareName, r.ClientSoftwareVersion = "oracle", "1"
	default:
		fillGroups(req, name)
	}
}

func fillGroups(req kmsg.Request, name string) {
	switch r := req.(type) {
	case *kmsg.OffsetCommitRequest:
		*r = *commitRequest(name, name, 0, 1)
	case *kmsg.OffsetFetchRequest:
		r.Group = name
		r.Topics = []kmsg.OffsetFetchRequestTopic{{Topic: name, Partitions: []int32{0}}}
		r.Groups = []kmsg.OffsetFetchRequestGroup{{Group: name, MemberEpoch: -1}}
	case *kmsg.FindCoordinatorRequest:
		r.CoordinatorKey, r.CoordinatorKeys = name, []string{name}
	case *kmsg.JoinGroupRequest:
		*r = *joinRequest(name, "no-such-member")
	case *kmsg.HeartbeatRequest:
		r.Group, r.MemberID, r.Generation = name, "m", 1
	case *kmsg.LeaveGroupRequest:
		r.Group, r.MemberID = name, "m"
		r.Members = []kmsg.LeaveGroupRequestMember{{MemberID: "m"}}
	case *kmsg.SyncGroupRequest:
		r.Group, r.MemberID, r.Generation = name, "m", 1
		r.GroupAssignment = []kmsg.SyncGroupRequestGroupAssignment{{MemberID: "m", MemberAssignment: []byte("a")}}
	case *kmsg.DescribeGroupsRequest:
		r.Groups = []string{name}
	case *kmsg.ListGroupsRequest:
		r.StatesFilter = []string{"Stable"}
	case *kmsg.DeleteGroupsRequest:
		r.Groups = []string{name}
	case *kmsg.OffsetDeleteRequest:
		r.Group = name
		r.Topics = []kmsg.OffsetDeleteRequestTopic{{Topic: name,
			Partitions: []kmsg.OffsetDeleteRequestTopicPartition{{Partition: 0}}}}
	default:
		fillAdmin(req, name)
	}
}

func fillAdmin(req kmsg.Request, name string) {
	value := "1"
	switch r := req.(type) {
	case *kmsg.CreateTopicsRequest:
		r.TimeoutMillis, r.ValidateOnly = 1000, true
		r.Topics = []kmsg.CreateTopicsRequestTopic{{Topic: name, NumPartitions: 1, ReplicationFactor: 1,
			Configs: []kmsg.CreateTopicsRequestTopicConfig{{Name: "retention.ms", Value: &value}}}}
	case *kmsg.DeleteTopicsRequest:
		r.TimeoutMillis = 1000
		r.TopicNames = []string{name}
		r.Topics = []kmsg.DeleteTopicsRequestTopic{{Topic: &name}}
	case *kmsg.DescribeConfigsRequest:
		r.Resources = []kmsg.DescribeConfigsRequestResource{{ResourceType: 2, ResourceName: name,
			ConfigNames: []string{"retention.ms"}}}
	case *kmsg.AlterConfigsRequest:
		r.Resources = []kmsg.AlterConfigsRequestResource{{ResourceType: 2, ResourceName: name,
			Configs: []kmsg.AlterConfigsRequestResourceConfig{{Name: "retention.ms", Value: &value}}}}
	case *kmsg.IncrementalAlterConfigsRequest:
		r.Resources = []kmsg.IncrementalAlterConfigsRequestResource{{ResourceType: 2, ResourceName: name,
			Configs: []kmsg.IncrementalAlterConfigsRequestResourceConfig{{Name: "retention.ms", Value: &value}}}}
	case *kmsg.DescribeLogDirsRequest:
		r.Topics = []kmsg.DescribeLogDirsRequestTopic{{Topic: name, Partitions: []int32{0}}}
	case *kmsg.CreatePartitionsRequest:
		r.TimeoutMillis = 1000
		r.Topics = []kmsg.CreatePartitionsRequestTopic{{Topic: name, Count: 2}}
	case *kmsg.UpdateFeaturesRequest:
		r.ValidateOnly = true
		r.FeatureUpdates = []kmsg.UpdateFeaturesRequestFeatureUpdate{{Feature: name, MaxVersionLevel: 1, UpgradeType: 1}}
	case *kmsg.DescribeACLsRequest:
		r.ResourceType, r.ResourcePatternType, r.Operation, r.PermissionType = 2, 3, 3, 3
	case *kmsg.CreateACLsRequest:
		r.Creations = []kmsg.CreateACLsRequestCreation{{ResourceType: 2, ResourcePatternType: 3, Operation: 3, PermissionType: 3,
			ResourceName: name, Principal: name, Host: name}}
	case *kmsg.DeleteACLsRequest:
		r.Filters = []kmsg.DeleteACLsRequestFilter{{ResourceType: 2, ResourcePatternType: 3, Operation: 3, PermissionType: 3}}
	case *kmsg.ListConfigResourcesRequest:
		r.ResourceTypes = []int8{2}
	case *kmsg.DescribeTopicPartitionsRequest:
		r.ResponsePartitionLimit = 10
		r.Topics = []kmsg.DescribeTopicPartitionsRequestTopic{{Topic: name}}
	}
}

// unknownID is a topic id that no broker gave.
var unknownID = [16]byte{0xde, 0xad, 0xbe, 0xef, 1, 2, 0x43, 4, 0x85, 6, 7, 8, 9, 10, 11, 12}
