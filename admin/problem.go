package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"weir/cluster"
	"weir/coordinator"
	"weir/groups"
	"weir/log"
	"weir/partition"
	"weir/record"
	"weir/share"
)

// problem is an error as RFC 9457 tells it.
func problem(status int, format string, args ...any) *huma.ErrorModel {
	return &huma.ErrorModel{Status: status, Title: http.StatusText(status), Detail: fmt.Sprintf(format, args...)}
}

// translation is one line of the table below.
type translation struct {
	err    error
	status int
	text   string // "" for the error's own
}

// translations is ordered: the first match wins.
var translations = []translation{
	{share.ErrInvalidRecordState, http.StatusConflict, notHeld},
	{share.ErrInvalidRequest, http.StatusConflict, notHeld},
	{share.ErrHeld, http.StatusServiceUnavailable, "Another redrive of the topic is under way."},
	{share.ErrHoldLost, http.StatusServiceUnavailable, "The redrive was held up for so long that another may have begun."},
	{groups.ErrTooManyGroups, http.StatusForbidden, ""},
	{groups.ErrGroupNotFound, http.StatusConflict, ""}, // it is of another kind
	{cluster.ErrInvalidTopic, http.StatusBadRequest, ""},
	{cluster.ErrInvalidConfig, http.StatusBadRequest, ""},
	{cluster.ErrPolicyViolation, http.StatusForbidden, ""},
	{cluster.ErrTimeout, http.StatusGatewayTimeout, ""},
	{record.ErrTooLargeDecompressed, http.StatusRequestEntityTooLarge, ""},
	{record.ErrTooLarge, http.StatusRequestEntityTooLarge, "The message is larger than max.message.bytes of the topic."},
	{log.ErrSegmentTooSmall, http.StatusRequestEntityTooLarge, "The message is larger than segment.bytes of the topic."},
	{record.ErrInvalid, http.StatusUnprocessableEntity, ""},
	{record.ErrInvalidTimestamp, http.StatusUnprocessableEntity, ""},
	{log.ErrDiskFull, http.StatusInsufficientStorage, "The disk is full."},
	{log.ErrOffline, http.StatusServiceUnavailable, "The partition is offline."},
	{log.ErrStorage, http.StatusServiceUnavailable, "The partition's storage failed."},
	{partition.ErrNotLeader, http.StatusServiceUnavailable, "The partition is not led here just now."},
	{partition.ErrUnknown, http.StatusServiceUnavailable, "The partition is not open here just now."},
	{partition.ErrStopped, http.StatusGatewayTimeout, "The message was not durable in time; it may come to be."},
	{coordinator.ErrLoading, http.StatusServiceUnavailable, "The group's state is being loaded."},
	{coordinator.ErrNotCoordinator, http.StatusServiceUnavailable, "The group's state is not here just now."},
	{coordinator.ErrNotAvailable, http.StatusServiceUnavailable, "The group's state cannot be written just now."},
	{context.DeadlineExceeded, http.StatusGatewayTimeout, "It took too long."},
	{context.Canceled, http.StatusServiceUnavailable, "The door is closing."},
}

const notHeld = "The receipt holds its message no longer: its time was up, or it is settled."

// problemOf tells an error of any room. What is not in the table is our mistake, and is logged.
func (d *Door) problemOf(err error) *huma.ErrorModel {
	var told *huma.ErrorModel
	if errors.As(err, &told) {
		return told
	}
	for _, t := range translations {
		if errors.Is(err, t.err) {
			text := t.text
			if refusal := (*groups.Refusal)(nil); errors.As(err, &refusal) {
				text = refusal.Text
			}
			if text == "" {
				text = err.Error()
			}
			return problem(t.status, "%s", text)
		}
	}
	d.Logger.Error("no http status for error", "error", err)
	return problem(http.StatusInternalServerError, "The broker could not do this; its log says why.")
}

// failed is problemOf as an answer.
func (d *Door) failed(err error) error {
	p := d.problemOf(err)
	if p.Status == http.StatusServiceUnavailable {
		return huma.ErrorWithHeaders(p, http.Header{"Retry-After": {"1"}})
	}
	return p
}

// writeProblem answers where no operation has begun.
func writeProblem(w http.ResponseWriter, p *huma.ErrorModel) {
	body, _ := json.Marshal(p) // has nothing that fails
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(p.Status)
	_, _ = w.Write(body)
}
