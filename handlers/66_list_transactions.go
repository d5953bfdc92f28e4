package handlers

import (
	"fmt"
	"regexp"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/txn"
)

// ListTransactions (key 66), v0-v2.
//
// Behavior:
//   - Lists the transactional ids that this broker coordinates, filtered by state, producer id, how long ago the
//     transaction began, and a regular expression that must match all of the id. States that Kafka does not have
//     are told apart.
//
// Version notes: v1 duration, v2 pattern (RE2; 128 if it is not valid).
func (h *Handlers) serveListTransactions(c *Conn, version int16, req *kmsg.ListTransactionsRequest) Answer {
	resp := req.ResponseKind().(*kmsg.ListTransactionsResponse)
	filter, err := listFilter(version, req)
	if err != nil {
		resp.ErrorCode = h.code(err)
		return Now(resp)
	}
	for _, name := range req.StateFilters {
		if !txn.KnownState(name) {
			resp.UnknownStateFilters = append(resp.UnknownStateFilters, name)
		}
	}
	return LaterFuture(h.Txns.List(filter), func(all []txn.Description, err error) kmsg.Response {
		resp.ErrorCode = h.code(err)
		for _, d := range all {
			if !h.allowed(c, opDescribe, transactionalIDResource, d.ID) {
				continue
			}
			state := kmsg.NewListTransactionsResponseTransactionState()
			state.TransactionalID, state.ProducerID = d.ID, d.Producer.ID
			state.TransactionState = d.State.String()
			resp.TransactionStates = append(resp.TransactionStates, state)
		}
		return resp
	})
}

func listFilter(version int16, req *kmsg.ListTransactionsRequest) (txn.Filter, error) {
	f := txn.Filter{States: req.StateFilters, ProducerIDs: req.ProducerIDFilters, LongerThanMs: -1}
	if version >= 1 {
		f.LongerThanMs = req.DurationFilterMillis
	}
	if p := req.TransactionalIDPattern; version >= 2 && p != nil && *p != "" {
		pattern, err := regexp.Compile(`^(?:` + *p + `)$`)
		if err != nil {
			return f, fmt.Errorf("%w: %w", kerr.InvalidRegularExpression, err)
		}
		f.Matches = pattern.MatchString
	}
	return f, nil
}
