//go:build clients

package clients

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"weir/tests/brokers"
)

// TestGroupTools gives Weir and Apache Kafka the same history of groups, runs the same commands on both, and has them print
// the same, line for line, but for addresses and the members' ids: Kafka's own tools and Java Admin, and weir's commands,
// which must not know whose broker they talk to.
func TestGroupTools(t *testing.T) {
	t.Parallel()
	p := &pair{dir: t.TempDir()}
	for _, kind := range brokerKinds {
		h := play(t, brokers.New(t, kind, quickHeartbeats))
		p.sides = append(p.sides, h)
	}
	host := start(t, "kafka-tools", javaTool(t, "ToolHost"))
	for _, c := range []struct {
		name string
		run  func(*pair)
	}{
		{"records", (*pair).records},
		{"segments", (*pair).segments},
		{"list", (*pair).list},
		{"describe", (*pair).describe},
		{"admin", (*pair).admin},
		{"weir group", (*pair).weirGroup},
		{"configs", (*pair).configs},
		{"acls", (*pair).acls},
		{"get offsets", (*pair).getOffsets},
		{"reset", (*pair).reset},
		{"reset from a file", (*pair).resetFromFile},
		{"delete offsets", (*pair).deleteOffsets},
		{"remove members", (*pair).removeMembers},
		{"delete", (*pair).delete},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(&pair{t: t, host: host.on(t), sides: p.sides, dir: p.dir}) })
	}
}

// pair is the same history on two brokers.
type pair struct {
	t     *testing.T
	host  *agent
	sides []*history
	dir   string // for files
}

const (
	all            = " --group classic --group consumer --group pattern --group static --group staticconsumer --group left --group leftconsumer --group simple --group topicless"
	consumerGroups = "kafka-consumer-groups --bootstrap-server BROKER "
	kafkaGroups    = "kafka-groups --bootstrap-server BROKER "
)

// same runs a tool against both brokers, compares what it printed and how it ended, and returns that. Each of wanted must be in
// it: two brokers that fail alike are no proof.
func (p *pair) same(command string, wanted ...string) string {
	p.t.Helper()
	return p.sameBut(nil, command, wanted...)
}

// ownDefaults are lines about settings of groups whose default is not Kafka's, or that Kafka has not.
var ownDefaults = regexp.MustCompile(`(?m)^ *(errors\.deadletterqueue\.copy\.record\.enable|weir\.[a-z.]+)=.*\n`)

// sameBut is same without the lines that differ.
func (p *pair) sameBut(lines *regexp.Regexp, command string, wanted ...string) string {
	p.t.Helper()
	var seen []string
	for _, h := range p.sides {
		x := &tools{p.host, h.broker}
		r := x.feed("", command)
		text := h.normal(fmt.Sprintf("%s%sexit %d\n", r.out, withoutLog(r.err), r.exit))
		if lines != nil {
			text = lines.ReplaceAllString(text, "")
		}
		seen = append(seen, text)
	}
	return p.compare(command, seen, wanted)
}

// ages are lags in seconds, of records that are said to be an hour old; gaps are between columns, whose width hangs on them.
var (
	ages = regexp.MustCompile(`\b\d{4}(\.\d+)?\b`)
	gaps = regexp.MustCompile(`  +`)
)

// weir runs a command of weir against both. SECONDS stands for a lag in seconds, which hangs on when it is asked for.
func (p *pair) weir(command string, wanted ...string) string {
	p.t.Helper()
	var seen []string
	for _, h := range p.sides {
		cmd := exec.Command(brokers.WeirBinary(p.t), append(strings.Fields(command), "--bootstrap", h.broker.Addr)...)
		var out strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &out
		_ = cmd.Run()
		text := h.normal(fmt.Sprintf("%sexit %d\n", out.String(), cmd.ProcessState.ExitCode()))
		seen = append(seen, gaps.ReplaceAllString(ages.ReplaceAllString(text, "SECONDS"), "  "))
	}
	return p.compare("weir "+command, seen, wanted)
}

func (p *pair) compare(command string, seen, wanted []string) string {
	p.t.Helper()
	for i := range seen {
		seen[i] = inOrder(seen[i])
	}
	p.t.Logf("%s\n%s", command, seen[1])
	if seen[0] != seen[1] {
		p.t.Errorf("%s\n%s says:\n%s\n%s says:\n%s", command, p.sides[0].broker.Kind, seen[0], p.sides[1].broker.Kind, seen[1])
	}
	for _, w := range wanted {
		if !regexp.MustCompile(w).MatchString(seen[0]) {
			p.t.Errorf("%s: no %q in\n%s", command, w, seen[0])
		}
	}
	return seen[0]
}

// inOrder sorts lines: the tools print rows as hash tables hand them out, which the members' random ids decide.
func inOrder(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// logLine is one of the tools' own log, with a time and a thread, or of a Java stack.
var logLine = regexp.MustCompile(`(?m)^(\[\d{4}-|\tat |\t\.\.\. \d).*\n`)

func withoutLog(text string) string { return logLine.ReplaceAllString(text, "") }

// records has Kafka's console consumer and formatters read the groups' own topic. What stands last for each key is the same.
func (p *pair) records() {
	for formatter, wanted := range map[string][]string{
		"OffsetsMessageFormatter": {`"group":"classic","partition":0,"topic":"history-wide".*"leaderEpoch":0,"metadata":"MEMBER-classic-*","offset":4`,
			`"group":"topicless","partition":0,"topic":"history-short-lived"\} null`},
		"GroupMetadataMessageFormatter": {`"group":"classic".*"protocol":"range","protocolType":"consumer"`,
			`"group":"workers".*"protocolType":"connect"`, `"group":"deleted"\} null`},
	} {
		command := "kafka-console-consumer --bootstrap-server BROKER --topic __consumer_offsets --from-beginning --timeout-ms 6000 --group reading --command-property enable.auto.commit=false " +
			"--formatter org.apache.kafka.tools.consumer." + formatter
		var seen []string
		for _, h := range p.sides {
			r := (&tools{p.host, h.broker}).feed("", command)
			seen = append(seen, lastOfKeys(p.t, h.normal(r.out)))
			if _, err := h.ref.adm.DeleteGroup(p.t.Context(), "reading"); err != nil {
				p.t.Fatal(err)
			}
		}
		p.compare(command, seen, wanted)
	}
}

// lastOfKeys keeps the last record of each key, a line each, and takes out times, topic ids, how many generations it took, and
// the order of members, which Kafka leaves to a hash table. The console consumer is a group itself.
func lastOfKeys(t *testing.T, text string) string {
	t.Helper()
	last := map[string]string{}
	for records := json.NewDecoder(strings.NewReader(text)); records.More(); {
		var r struct {
			Key   struct{ Data map[string]any }
			Value *struct {
				Version int
				Data    map[string]any
			}
		}
		if err := records.Decode(&r); err != nil {
			t.Fatalf("the formatter printed no JSON: %v", err)
		}
		if r.Key.Data["group"] == "reading" {
			continue
		}
		if r.Value != nil {
			for _, name := range []string{"commitTimestamp", "currentStateTimestamp", "expireTimestamp", "topicId", "generation"} {
				delete(r.Value.Data, name)
			}
			if members, ok := r.Value.Data["members"].([]any); ok {
				slices.SortFunc(members, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
			}
		}
		key, _ := json.Marshal(r.Key.Data)
		value, _ := json.Marshal(r.Value)
		last[string(key)] = string(key) + " " + string(value)
	}
	return strings.Join(slices.Sorted(maps.Values(last)), "\n")
}

func (p *pair) list() {
	p.same(consumerGroups+"--list", "(?m)^classic$", "(?m)^consumer$", "(?m)^simple$", "(?m)^left$")
	p.same(consumerGroups+"--list --state", `classic +(Classic +)?Stable`, `simple +(Classic +)?Empty`)
	p.same(consumerGroups+"--list --state stable,empty", "leftconsumer")
	p.same(consumerGroups+"--list --state Empty", "leftconsumer")
	p.same(consumerGroups+"--list --state preparingrebalance,Assigning,reconciling", "(?m)^GROUP")
	p.same(consumerGroups+"--list --state dead", "(?m)^GROUP")
	p.same(consumerGroups+"--list --type", `pattern +Consumer`)
	p.same(consumerGroups+"--list --type consumer", "pattern")
	p.same(consumerGroups+"--list --type classic,consumer --state stable", "pattern")
	p.same(kafkaGroups+"--list", `workers +Classic +connect`, `pattern +Consumer +consumer`, `simple +Classic +`)
	p.same(kafkaGroups+"--list --consumer", "simple")
	p.same(kafkaGroups+"--list --group-type classic", "workers")
	p.same(kafkaGroups+"--list --group-type consumer", "pattern")
	p.same(kafkaGroups+"--list --protocol connect", "workers")
	p.same(kafkaGroups+"--list --protocol consumer --group-type classic", "static")
	p.same(kafkaGroups+"--list --share", "exit")
	p.same(kafkaGroups+"--list --streams", "exit")
}

func (p *pair) describe() {
	for _, what := range []string{"", " --members", " --state"} {
		p.same(consumerGroups+"--describe"+all+what, `(?m)^classic +`, `(?m)^consumer +`)
		p.same(consumerGroups+"--describe --verbose"+all+what, `(?m)^staticconsumer +`)
		p.same(consumerGroups+"--describe --all-groups --verbose"+what, `(?m)^pattern +`)
		for _, group := range []string{"workers", "deleted", "never"} {
			p.same(consumerGroups+"--describe --group "+group+what, group)
		}
	}
	p.same(consumerGroups+"--describe --offsets"+all, `classic +history-wide +0 +4 +10 +6 +MEMBER-classic`,
		`consumer +history-wide +1 +7 +10 +3 +MEMBER-consumer`, `left +history-wide +2 +10 +10 +0 +- `,
		`simple +history-narrow +0 +5 +10 +5`, `staticconsumer +history-wide +2 +- +10 +- +MEMBER-staticconsumer-`)
	p.same(consumerGroups+"--describe --members --verbose"+all, `consumer +MEMBER-consumer-* .* 4 .*history-narrow:0;history-wide:0,1,2`)
}

// admin asks for what no tool prints.
func (p *pair) admin() {
	p.same("group-admin BROKER list -", `pattern type=Consumer protocol=consumer state=Stable`, `simple type=Classic protocol= state=Empty simple=true`)
	for _, group := range []string{"classic", "consumer", "pattern", "static", "staticconsumer", "left", "leftconsumer", "simple", "workers",
		"deleted"} {
		p.same("group-admin BROKER describe "+group, group)
		p.same("group-admin BROKER describe-classic "+group, "exit 0")
		p.same("group-admin BROKER offsets "+group, "exit 0")
	}
	p.same("group-admin BROKER alter-offsets simple history-wide:0=9 history-wide:2=1", `history-wide-0 OffsetAndMetadata\{offset=9,`)
	p.same("group-admin BROKER alter-offsets fresh history-wide:0=3", `history-wide-0 OffsetAndMetadata\{offset=3,`)
	p.same("group-admin BROKER alter-offsets consumer history-wide:0=3", "UnknownMemberId|exit")
	p.same("group-admin BROKER alter-offsets classic history-wide:0=3", "exit")
	p.same("group-admin BROKER alter-offsets left history-wide:7=3", "exit")
	p.same("group-admin BROKER delete-offsets simple history-wide:0 history-wide:2", "history-wide-1")
	p.same("group-admin BROKER delete-offsets consumer history-wide:1", "exit")
	p.same("group-admin BROKER remove-members never", "exit")
}

// weirGroup is weir's own view, and what it refuses.
func (p *pair) weirGroup() {
	p.weir("group list", `classic +Stable +consumer`, `workers +Stable +connect`, `left +Empty`)
	p.weir("group list --state Empty --json", `"group": ?"leftconsumer"`)
	for _, group := range []string{"classic", "consumer", "pattern", "static", "staticconsumer", "left", "leftconsumer", "simple"} {
		p.weir("group describe "+group, "group "+group)
	}
	p.weir("group describe --json consumer", `"group": ?"consumer"`)
	p.weir("group describe classic", `history-wide +0 +4 +10 +6 +SECONDS +MEMBER-classic`)
	p.weir("group describe consumer", `history-wide +1 +7 +10 +3 +SECONDS +MEMBER-consumer`, `history-wide +2 +- +10 +10 +- +MEMBER-consumer`)
	p.weir("group list --type consumer", "leftconsumer")
	p.weir("group describe never", "exit 3")
	p.weir("group reset left --to start --dry-run", `history-wide +2 +10 +0`)
	p.weir("group describe left", `history-wide +2 +10 +10 +0`)
	p.weir("group reset left --to +1", `history-wide +2 +10 +1`)
	p.weir("group reset leftconsumer --to -3 --topic history-wide:0", `history-wide +0 +2 +7`)
	p.weir("group describe leftconsumer", `history-wide +0 +7 +10 +3`)
	p.weir("group reset classic --to start", "exit 1")
	p.weir("group reset consumer --to start", "exit 1")
	p.weir("group delete classic", "exit 1")
	p.weir("group delete consumer", "exit 1")
	p.weir("group delete never", "exit 3")
	p.weir("group delete fresh", "exit 0")
	p.weir("group describe fresh", "exit 3")
}

// configs are the settings of groups.
func (p *pair) configs() {
	const of = "kafka-configs --bootstrap-server BROKER --entity-type groups "
	p.same(of+"--alter --entity-name consumer --add-config consumer.session.timeout.ms=7000,consumer.heartbeat.interval.ms=1000", "Completed")
	p.same(of+"--describe --entity-name consumer", "consumer.session.timeout.ms=7000")
	p.same(of+"--describe", "consumer.session.timeout.ms=7000")
	p.same(of+"--describe --entity-name left", "exit 0")
	for refused, says := range map[string]string{"consumer.session.timeout.ms=1": "must be in the range 6000 to 60000 inclusive",
		"consumer.session.timeout.ms=x": "Not a number of type INT", "streams.num.standby.replicas=9": "must be less than or equal to 2",
		"consumer.heartbeat.interval.ms=6500,consumer.session.timeout.ms=6200": "must be greater than", "nonsense=1": "Unknown group config name: nonsense"} {
		p.same(of+"--alter --entity-name consumer --add-config "+refused, says)
	}
	p.same(of+"--alter --entity-name consumer --delete-config consumer.session.timeout.ms", "Completed")
	p.same(of+"--describe --entity-name consumer", "consumer.heartbeat.interval.ms=1000")
	p.same(of+"--alter --entity-name not-yet --add-config consumer.heartbeat.interval.ms=900", "Completed")
	p.same(of+"--describe --entity-name not-yet", "consumer.heartbeat.interval.ms=900")
	p.sameBut(ownDefaults, of+"--describe --all --entity-name consumer", "consumer.session.timeout.ms=6000")
}

// acls are refused where there is no authorizer.
func (p *pair) acls() {
	const acls = "kafka-acls --bootstrap-server BROKER "
	for _, what := range []string{"--list", "--add --allow-principal User:a --operation read --topic t", "--remove --force --topic t"} {
		p.same(acls+what, "No Authorizer is configured")
	}
}

// getOffsets looks at the topics that the groups read.
func (p *pair) getOffsets() {
	for _, when := range []string{"latest", "earliest", "max-timestamp", "earliest-local", "latest-tiered",
		fmt.Sprint(historyBase.Add(5 * time.Minute).UnixMilli()), fmt.Sprint(historyBase.Add(time.Hour).UnixMilli())} {
		p.same("kafka-get-offsets --bootstrap-server BROKER --time "+when+" --topic history-.*", "exit 0")
	}
	p.same("kafka-get-offsets --bootstrap-server BROKER --topic-partitions history-wide:1-3,history-narrow:0", "history-wide:2:10")
	p.same("kafka-get-offsets --bootstrap-server BROKER --topic __consumer_offsets --exclude-internal-topics", "exit 1")
	p.same("kafka-get-offsets --bootstrap-server BROKER --topic history-absent", "exit 1")
}

// reset is every way to move offsets, first dry and then done, and what is refused.
func (p *pair) reset() {
	const of = consumerGroups + "--reset-offsets "
	const those = "--group left --group leftconsumer --group simple "
	stamp := historyBase.Add(3 * time.Minute).UTC().Format("2006-01-02T15:04:05.000")
	for _, to := range []struct{ way, row string }{
		{"--to-offset 6", `left +history-wide +1 +6`}, {"--shift-by 2", `left +history-wide +1 +8`},
		{"--shift-by -100", `left +history-wide +1 +0`}, {"--shift-by 100", `left +history-wide +1 +10`},
		{"--to-earliest", `left +history-wide +1 +0`}, {"--to-latest", `left +history-wide +1 +10`},
		{"--to-datetime " + stamp, `left +history-wide +1 +3`}, {"--to-current", `left +history-wide +1 +3`},
		{"--by-duration PT0S", `left +history-wide +1 +10`}, {"--by-duration P1D", `left +history-wide +1 +0`},
	} {
		p.same(of+those+"--topic history-wide "+to.way+" --dry-run", to.row)
		p.same(of+those+"--topic history-wide "+to.way+" --execute", to.row)
		p.same(consumerGroups+"--describe --offsets "+those, to.row)
	}
	p.same(of+those+"--all-topics --to-offset 4 --execute", "left +history-wide +0 +4")
	p.same(of+"--group simple --topic history-wide:0,1 --topic history-narrow --to-offset 9 --execute", "simple +history-wide +1 +9")
	p.same(of+"--group brand-new --topic history-narrow --to-offset 2 --execute", "brand-new +history-narrow +0 +2")
	p.same(of+"--all-groups --topic history-narrow --to-offset 2 --dry-run", "topicless +history-narrow +0 +2")
	p.same(consumerGroups+"--describe --offsets --group brand-new "+those, "brand-new +history-narrow +0 +2 +10 +8")
	const inactive = "can only be reset if the group '%s' is inactive, but the current state is Stable"
	for _, refused := range []struct{ what, says string }{
		{"--group classic --all-topics --to-earliest --execute", fmt.Sprintf(inactive, "classic")},
		{"--group consumer --all-topics --to-latest --execute", fmt.Sprintf(inactive, "consumer")},
		{"--group workers --all-topics --to-latest --dry-run", "not a consumer group"},
		{"--group never --all-topics --to-earliest --dry-run", "NEW-OFFSET"},
		{"--group left --topic history-absent --to-earliest --dry-run", "does not host this topic-partition"},
		{"--group left --topic history-wide:9 --to-earliest --dry-run", "do not exist"},
	} {
		p.same(of+refused.what, refused.says)
	}
}

// resetFromFile plans with --export and does what the file says.
func (p *pair) resetFromFile() {
	const of = consumerGroups + "--reset-offsets --group left "
	plan := p.same(of+"--all-topics --to-offset 8 --dry-run --export", `history-wide,0,8`)
	file := filepath.Join(p.dir, "plan.csv")
	rows := regexp.MustCompile(`(?m)^.*history-.*$`).FindAllString(plan, -1)
	if err := os.WriteFile(file, []byte(strings.Join(rows, "\n")+"\n"), 0o600); err != nil {
		p.t.Fatal(err)
	}
	p.same(of+"--from-file "+file+" --dry-run", `left +history-wide +0 +8`)
	p.same(of+"--from-file "+file+" --execute", `left +history-wide +0 +8`)
	p.same(consumerGroups+"--describe --offsets --group left", `left +history-wide +0 +8`)
}

func (p *pair) deleteOffsets() {
	p.same(consumerGroups+"--delete-offsets --group left --topic history-wide:0", "Successful")
	p.same(consumerGroups+"--delete-offsets --group left --topic history-absent", "exit")
	p.same(consumerGroups+"--delete-offsets --group left --topic history-wide:9", "exit")
	p.same(consumerGroups+"--delete-offsets --group leftconsumer --topic history-wide --topic history-narrow", "exit")
	p.same(consumerGroups+"--delete-offsets --group classic --topic history-wide", "exit")
	p.same(consumerGroups+"--delete-offsets --group consumer --topic history-wide", "exit")
	p.same(consumerGroups+"--delete-offsets --group never --topic history-wide", "exit")
	p.same(consumerGroups+"--describe --offsets --group left --group leftconsumer --group classic", "history-wide")
}

// removeMembers is the administrator's way to end static members that are away.
func (p *pair) removeMembers() {
	for _, h := range p.sides {
		h.stopStatic()
	}
	p.same("group-admin BROKER remove-members static nobody", "exit")
	for _, group := range []string{"static", "staticconsumer"} {
		p.same("group-admin BROKER remove-members "+group+" one two", "removed")
		p.same("group-admin BROKER describe "+group, "state=Empty")
	}
	p.same("group-admin BROKER remove-members workers", "exit")
}

func (p *pair) delete() {
	p.same(consumerGroups+"--delete --group classic", "exit")
	p.same(consumerGroups+"--delete --group consumer", "exit")
	p.same(consumerGroups+"--delete --group never", "exit")
	p.same(consumerGroups+"--delete --group left --group leftconsumer --group never --group classic", "left")
	p.same(consumerGroups+"--delete --group static --group staticconsumer --group simple", "successful")
	p.same(consumerGroups+"--delete --all-groups", "exit")
	p.same(consumerGroups+"--list --state", "exit 0")
	p.same(kafkaGroups+"--list", "exit 0")
}
