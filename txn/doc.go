// Package txn coordinates transactions: who may write under a transactional id, which partitions its open
// transaction has, and how that transaction ended.
//
// Each transactional id lives on one shard, a partition of __transaction_state, in Kafka's record format. The
// state is a pure machine on package coordinator: deciding looks at the state and names records, applying a
// record is the only thing that changes what records describe. An end is decided by one record (prepare); then
// a marker goes into every partition of the transaction, and one more record (complete) makes room for the
// next transaction. A new leader of the shard takes up what it finds prepared.
//
// Both generations of clients are served (KIP-98, KIP-890): those that announce partitions before they write
// and keep their epoch, and those whose epoch rises with every end, so that nothing late can belong to a later
// transaction.
package txn
