package oracle

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// apiVersionsRequest is a plain one.
func apiVersionsRequest(version int16) *kmsg.ApiVersionsRequest {
	req := kmsg.NewPtrApiVersionsRequest()
	req.Version = version
	req.ClientSoftwareName, req.ClientSoftwareVersion = "oracle", "1"
	return req
}

// frameScenarios ask what is wrong before any API looks at it: B5 to B8, and every request cut short.
func frameScenarios() []scenario {
	list := []scenario{
		{key: 18, name: "answer", run: func(s *session) { s.ask("api versions", apiVersionsRequest(0)) }},
		{key: 18, name: "unknown version", min: 3, max: 3, run: unknownAPIVersions},
		{key: 18, name: "software name", min: 3, max: 5, run: softwareNames},
		{key: 18, name: "headers", min: 3, max: 3, run: brokenHeaders},
	}
	for key := range apis {
		list = append(list,
			scenario{key: key, name: "empty request", run: func(s *session) { emptyRequest(s, key) }},
			scenario{key: key, name: "other versions", min: apis[key].max, max: apis[key].max,
				run: func(s *session) { otherVersions(s, key) }},
			scenario{key: key, name: "cut short", run: func(s *session) { cutShort(s, key) }},
			scenario{key: key, name: "lying lengths", run: func(s *session) { lyingLengths(s, key) }})
	}
	return list
}

// unknownAPIVersions is B6: the one API that answers an unknown version, in version 0.
func unknownAPIVersions(s *session) {
	for _, v := range []int16{6, 99, 32767, -1} {
		raw := frame(apiVersionsRequest(3), 7)
		binary.BigEndian.PutUint16(raw[2:], uint16(v))
		s.frame(fmt.Sprintf("version %d", v), raw, apiVersionsRequest(0))
		s.hangUp()
	}
}

func softwareNames(s *session) {
	for _, name := range []string{"", "-x", "ok.name-1", "bad name", "x\n", "é"} {
		req := apiVersionsRequest(s.version)
		req.ClientSoftwareName = name
		s.ask(fmt.Sprintf("software %q", name), req)
	}
	req := apiVersionsRequest(s.version)
	req.ClientSoftwareVersion = ""
	s.ask("no software version", req)
}

// brokenHeaders is B5 and the header part of B7 and B8.
func brokenHeaders(s *session) {
	for _, key := range []int16{-1, 4, 5, 6, 7, 52, 58, 62, 95, 999, 32767} {
		raw := binary.BigEndian.AppendUint16(nil, uint16(key))
		raw = append(raw, 0, 0, 0, 0, 0, 7, 0xff, 0xff)
		s.frame(fmt.Sprintf("key %d", key), raw, nil)
		s.hangUp()
	}
	good := frame(apiVersionsRequest(3), 7)
	for _, n := range []int{0, 1, 2, 4, 7, 8, 9, 10} {
		s.frame(fmt.Sprintf("header of %d bytes", n), good[:n], nil)
		s.hangUp()
	}
	client := slices.Clone(good)
	binary.BigEndian.PutUint16(client[8:], 30000)
	s.frame("client id longer than the frame", client, nil)
	s.hangUp()
	binary.BigEndian.PutUint16(client[8:], 0xfffe)
	s.frame("client id of length -2", client, nil)
	s.hangUp()
	tags := 10 + len(clientID)
	for _, bad := range []struct {
		name string
		tags []byte
	}{
		{"tag count past the end", []byte{0xff, 0xff, 0xff, 0xff, 0x0f}},
		{"tag size past the end", []byte{0x01, 0x05, 0x7f}},
		{"tag count of ten bytes", []byte{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01}},
		{"the same tag twice", []byte{0x02, 0x05, 0x00, 0x05, 0x00}},
		{"tags in falling order", []byte{0x02, 0x06, 0x00, 0x05, 0x00}},
		{"two unknown tags", []byte{0x02, 0x05, 0x00, 0x06, 0x00}},
		{"tag number of six bytes", []byte{0x01, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 0x00}},
	} {
		raw := append(slices.Clone(good[:tags]), bad.tags...)
		s.frame(bad.name, append(raw, good[tags+1:]...), apiVersionsRequest(3))
		s.hangUp()
	}
}

// expectSilence shortens the wait for what Apache Kafka never answers: batched AddPartitionsToTxn without a transaction (see known).
func expectSilence(s *session, key int16) {
	if key == 24 && s.version >= 4 {
		s.limit = 3 * time.Second
	}
}

// emptyRequest sends what a client library makes when no field is set.
func emptyRequest(s *session, key int16) {
	expectSilence(s, key)
	req := kmsg.RequestForKey(key)
	if r, ok := req.(*kmsg.MetadataRequest); ok {
		r.Topics = []kmsg.MetadataRequestTopic{}
	}
	if r, ok := req.(*kmsg.FetchRequest); ok {
		r.ReplicaID, r.SessionEpoch = -1, -1
	}
	if r, ok := req.(*kmsg.ProduceRequest); ok {
		r.Acks = 1 // without, nothing is answered
	}
	s.ask("empty", req)
}

// otherVersions is B7: just outside of what is served.
func otherVersions(s *session, key int16) {
	if key == 18 {
		return
	}
	for _, v := range []int16{apis[key].min - 1, apis[key].max + 1, 32767, -2} {
		raw := frame(sample(s, key, apis[key].max), 7)
		binary.BigEndian.PutUint16(raw[2:], uint16(v))
		s.frame(fmt.Sprintf("version %+d", v), raw, nil)
		s.hangUp()
	}
}

// cutShort sends a full request of the key with bytes missing, bytes too many, and lengths that lie.
func cutShort(s *session, key int16) {
	expectSilence(s, key)
	req := sample(s, key, s.version)
	whole := frame(req, 7)
	body := headerSize(req)
	cuts := []int{body}
	for i := 1; i <= 6; i++ {
		cuts = append(cuts, body+(len(whole)-body)*i/7)
	}
	cuts = slices.Compact(append(cuts, len(whole)-1))
	for _, n := range cuts {
		if n < body || n >= len(whole) {
			continue
		}
		s.frame(fmt.Sprintf("%d of %d bytes", n-body, len(whole)-body), whole[:n], nil)
		s.hangUp()
	}
	s.frame("a byte too many", append(slices.Clone(whole), 0), req)
	s.hangUp()
}

// headerSize is where the body of a framed request begins.
func headerSize(req kmsg.Request) int {
	n := 10 + len(clientID)
	if req.IsFlexible() {
		n++
	}
	return n
}
