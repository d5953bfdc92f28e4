// Package protocol is the Kafka wire: request and response headers, a strict
// check of every request body against Apache Kafka's own message schemas, and
// the codecs of the two messages that carry record batches.
//
// It does no I/O and keeps no state. A request takes this way: the frame goes
// through [ParseRequestHeader]; Produce and Fetch bodies through their own
// decoders, which check as they read; every other body through
// [DecodeRequest], which walks it with [Check] before anything is allocated
// and only then hands it to the kmsg codec. What [Check] lets through cannot
// make a decoder allocate more than the sum it reports.
package protocol
