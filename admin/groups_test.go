package admin_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// shareGroups lists the share groups, with their states.
func (d *door) shareGroups() (all []string) {
	d.t.Helper()
	req := kmsg.NewPtrListGroupsRequest()
	req.TypesFilter = []string{"share"}
	resp, err := req.RequestWith(d.t.Context(), d.client())
	if err != nil || resp.ErrorCode != 0 {
		d.t.Fatalf("list groups: %v, %+v", err, resp)
	}
	for _, g := range resp.Groups {
		all = append(all, g.Group+" "+g.GroupState)
	}
	slices.Sort(all)
	return all
}

// deleteGroup deletes a group and gives the code of the answer.
func (d *door) deleteGroup(name string) int16 {
	d.t.Helper()
	req := kmsg.NewPtrDeleteGroupsRequest()
	req.Groups = []string{name}
	resp, err := req.RequestWith(d.t.Context(), d.client())
	if err != nil || len(resp.Groups) != 1 {
		d.t.Fatalf("delete group: %v, %+v", err, resp)
	}
	return resp.Groups[0].ErrorCode
}

// standing is where a group is in partition 0 of q, and its lag.
func (d *door) standing(group string) (start, lag int64) {
	d.t.Helper()
	req := kmsg.NewPtrDescribeShareGroupOffsetsRequest()
	asked := kmsg.NewDescribeShareGroupOffsetsRequestGroup()
	asked.GroupID = group
	req.Groups = append(req.Groups, asked)
	resp, err := req.RequestWith(d.t.Context(), d.client())
	if err != nil || resp.Groups[0].ErrorCode != 0 {
		d.t.Fatalf("describe offsets of %s: %v, %+v", group, err, resp)
	}
	if len(resp.Groups[0].Topics) == 0 {
		return -1, -1
	}
	p := resp.Groups[0].Topics[0].Partitions[0]
	return p.StartOffset, p.Lag
}

// TestGroupsAreShareGroups: a group that received over HTTP is listed, described and deleted by Kafka's tools as any share group.
func TestGroupsAreShareGroups(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	d.send("q", "a", "b", "c")
	all := d.receive("q", "group=g")
	d.settle("q", "ack", nil, all[0])
	if got := d.shareGroups(); !slices.Equal(got, []string{"g Empty"}) {
		t.Errorf("share groups: %v", got)
	}
	if start, lag := d.standing("g"); start != 1 || lag != 2 {
		t.Errorf("starts at %d, lag %d, want 1, 2", start, lag)
	}
	d.shut()
	d = open(t, dir)
	if got := d.shareGroups(); !slices.Equal(got, []string{"g Empty"}) {
		t.Errorf("share groups after a restart: %v", got)
	}
	if m := d.one("q", "group=g"); m.text() != "b" {
		t.Errorf("received %q after a restart, want b", m.text())
	}
	if code := d.deleteGroup("g"); code != 0 {
		t.Errorf("delete: %v", kerr.ErrorForCode(code))
	}
	if got := d.shareGroups(); len(got) != 0 {
		t.Errorf("share groups after the deletion: %v", got)
	}
	if code := d.deleteGroup("g"); code != kerr.GroupIDNotFound.Code {
		t.Errorf("delete again: %v", kerr.ErrorForCode(code))
	}
	d.problem(d.post("q/ack", object{"receipt": all[1].Receipt}), http.StatusConflict)
	if got := d.shareGroups(); len(got) != 0 {
		t.Errorf("share groups after an acknowledgement: %v", got)
	}
	if m := d.one("q", "group=g"); m.text() != "a" {
		t.Errorf("received %q after the deletion, want a", m.text())
	}
}

// TestGroupsAreBounded: a client that invents groups comes to an end, and takes nothing with those it did not get.
func TestGroupsAreBounded(t *testing.T) {
	d := open(t, t.TempDir(), "weir.groups.max=3")
	d.send("q", "a")
	for i := range 5 {
		r := d.do("POST", fmt.Sprintf("/v1/queues/q/receive?group=g%d", i), "")
		if want := i < 3; (r.status == http.StatusOK) != want {
			t.Errorf("group %d: %d %s", i, r.status, r.body)
		} else if !want && !strings.Contains(d.problem(r, http.StatusForbidden), "weir.groups.max") {
			t.Errorf("group %d: %s", i, r.body)
		}
	}
	d.problem(d.do("POST", "/v1/queues/nowhere/receive?group=g9", ""), http.StatusNotFound)
	d.problem(d.post("q/ack", object{"receipt": "0.0.m.g9"}), http.StatusConflict)
	d.problem(d.post("q/extend", object{"receipt": "0.0.m.g9"}), http.StatusConflict)
	if got := d.shareGroups(); !slices.Equal(got, []string{"g0 Empty", "g1 Empty", "g2 Empty"}) {
		t.Errorf("share groups: %v", got)
	}
	d.deleteGroup("g0")
	d.one("q", "group=g4")
}

// TestForgedReceiptsFirst: a receipt that was never given is void also where nobody has received anything.
func TestForgedReceiptsFirst(t *testing.T) {
	d := open(t, t.TempDir())
	d.send("q", "a")
	for _, verb := range []string{"ack", "nack", "extend"} {
		d.problem(d.post("q/"+verb, object{"receipt": "0.0.m.g"}), http.StatusConflict)
	}
	if got := d.shareGroups(); len(got) != 0 {
		t.Errorf("share groups: %v", got)
	}
}

// TestGroupsOfOtherKinds: who asks for a consumer group's name is told so.
func TestGroupsOfOtherKinds(t *testing.T) {
	d := open(t, t.TempDir())
	d.send("q", "a")
	var offsets kadm.Offsets
	offsets.Add(kadm.Offset{Topic: "q", At: 1, LeaderEpoch: -1})
	if err := kadm.NewClient(d.client()).CommitAllOffsets(t.Context(), "consumers", offsets); err != nil {
		t.Fatal(err)
	}
	r := d.do("POST", "/v1/queues/q/receive?group=consumers", "")
	if detail := d.problem(r, http.StatusConflict); detail != "Group consumers is not a share group." {
		t.Errorf("%s", detail)
	}
}

// TestDeleteGroupsThatReceive: whenever a group is deleted, what it had settled goes with it.
func TestDeleteGroupsThatReceive(t *testing.T) {
	d := open(t, t.TempDir())
	d.send("q", "a", "b", "c")
	stop := make(chan struct{})
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if got := d.receive("q", "group=g&max=1"); len(got) == 1 {
					d.post("q/ack", object{"receipt": got[0].Receipt}) // void when the group was deleted meanwhile
				}
			}
		})
	}
	for range 100 {
		switch code := d.deleteGroup("g"); code {
		case 0, kerr.GroupIDNotFound.Code, kerr.NonEmptyGroup.Code:
		default:
			t.Fatalf("delete: %v", kerr.ErrorForCode(code))
		}
	}
	close(stop)
	all.Wait()
	if code := d.deleteGroup("g"); code != 0 && code != kerr.GroupIDNotFound.Code {
		t.Errorf("delete: %v", kerr.ErrorForCode(code))
	}
	if m := d.one("q", "group=g"); m.text() != "a" {
		t.Errorf("received %q after the deletion, want a", m.text())
	}
}

// TestLag: what is held, delayed or was not looked at yet is behind; what is settled, or does not pass the filter, is not.
func TestLag(t *testing.T) {
	d := open(t, t.TempDir())
	d.group("g", "weir.share.filter", "pattern:wanted")
	d.group("g", "share.auto.offset.reset", "earliest")
	for _, m := range []object{{"value": "done", "routing_key": "wanted"}, {"value": "other"}, {"value": "held", "routing_key": "wanted"},
		{"value": "late", "routing_key": "wanted", "delay_ms": 3600000}, {"value": "done too", "routing_key": "wanted"}} {
		d.post("q/messages", m)
	}
	got := d.receive("q", "group=g")
	if have := texts(got); !slices.Equal(have, []string{"done", "held", "done too"}) {
		t.Fatalf("received %v", have)
	}
	d.settle("q", "ack", nil, got[0], got[2])
	if start, lag := d.standing("g"); start != 2 || lag != 2 {
		t.Errorf("starts at %d, lag %d, want 2, 2", start, lag)
	}
	d.send("q", "more")
	if _, lag := d.standing("g"); lag != 3 {
		t.Errorf("lag %d, want 3", lag)
	}
}
