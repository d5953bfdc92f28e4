// Package groups coordinates consumer groups: who is a member, who leads, which generation it is, who reads
// what, and how far each group has read.
//
// A group lives on one shard, a partition of __consumer_offsets chosen by the group's id. What must survive
// is kept there in Kafka's own record formats. The shard's goroutine runs every request; see package
// coordinator for how a decision becomes records and an answer.
//
// A group follows the classic protocol, in which one member assigns, or the consumer protocol (KIP-848), in which
// the coordinator does, and may change from one to the other while it runs.
//
// The classic protocol follows Kafka's GroupMetadataManager and ClassicGroup, committed offsets follow
// OffsetMetadataManager, retention follows KIP-211, static members KIP-345, the two-step join KIP-394. The consumer
// protocol follows GroupMetadataManager and CurrentAssignmentBuilder; the assignors are our own, to the definitions
// of Kafka's.
package groups
