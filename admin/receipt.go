package admin

import (
	"net/url"
	"strconv"
	"strings"
)

// receipt names one delivery of one message. To clients it is opaque.
type receipt struct {
	partition int32
	offset    int64
	member    string
	group     string
}

func (r receipt) String() string {
	return strconv.Itoa(int(r.partition)) + "." + strconv.FormatInt(r.offset, 10) + "." + r.member + "." + url.QueryEscape(r.group)
}

// maxReceipt is longer than any receipt that was given.
const maxReceipt = 1024

func parseReceipt(text string) (receipt, bool) {
	parts := strings.SplitN(text, ".", 4)
	if len(text) > maxReceipt || len(parts) != 4 || parts[2] == "" {
		return receipt{}, false
	}
	index, err := strconv.ParseInt(parts[0], 10, 32)
	if err != nil || index < 0 {
		return receipt{}, false
	}
	offset, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || offset < 0 {
		return receipt{}, false
	}
	group, err := url.QueryUnescape(parts[3])
	if err != nil || !validGroup(group) {
		return receipt{}, false
	}
	return receipt{partition: int32(index), offset: offset, member: parts[2], group: group}, true
}
