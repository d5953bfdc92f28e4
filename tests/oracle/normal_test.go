package oracle

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// normal turns answers into comparable lines, "path" to "value", with all that may differ between two brokers
// that do the same replaced by a word. One belongs to one scenario on one broker.
type normal struct {
	host   string
	port   int32
	prefix string // names of other scenarios' topics and groups are left out
	ids    map[[16]byte]string
	made   map[string]string // what stands for ids of members that have nothing of their clients' names
}

// identity lists the fields that say which element of an array one has before one.
var identity = []string{
	"Topic", "Name", "TopicID", "Group", "GroupID", "Key", "ApiKey", "ResourceType", "ResourceName",
	"ConfigName", "ConfigKey", "Partition", "PartitionIndex", "Dir", "NodeID", "MemberID", "InstanceID",
	"ConfigSource", "TransactionalID",
}

// notServed are internal topics that a broker makes when it first needs them, which may be at another time here.
var notServed = map[string]bool{"__share_group_state": true, "__transaction_state": true}

// verbatim shows the words of error messages, for reading with ORACLE_DUMP; they are not compared.
var verbatim = os.Getenv("ORACLE_DUMP") != ""

var uuidText = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// bareID is an id that a broker makes up for a member without its client's name: that of a classic member which joins
// a consumer group.
var bareID = regexp.MustCompile(`^([A-Za-z0-9_-]{22}|[0-9a-f-]{36})$`)

// clockFields hold milliseconds of wall-clock time.
var clockFields = map[string]bool{
	"Timestamp": true, "StartTimestamp": true, "LogAppendTime": true, "MaxTimestamp": true, "LastTimestamp": true,
	"IssueTimestamp": true,
}

// secretFields are made up by each broker; only whether they are set is compared.
var secretFields = map[string]bool{
	"ClusterID": true, "SessionID": true, "ProducerID": true, "Dir": true, "TotalBytes": true,
	"UsableBytes": true, "FinalizedFeaturesEpoch": true,
}

// lines flattens an answer.
func (n *normal) lines(resp kmsg.Response) map[string]string {
	n.learn(reflect.ValueOf(resp))
	out := make(map[string]string)
	n.walk("", "", reflect.ValueOf(resp).Elem(), out)
	for path := range out {
		// How much the groups of other scenarios wrote depends on what was asked of the broker before.
		if strings.HasSuffix(path, ".Size") && strings.Contains(path, "[__consumer_offsets]") {
			out[path] = "<size>"
		}
	}
	return out
}

// learn remembers which topic id belongs to which name.
func (n *normal) learn(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			n.learn(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			n.learn(v.Index(i))
		}
	case reflect.Struct:
		id := v.FieldByName("TopicID")
		for _, name := range []string{"Topic", "Name"} {
			f := v.FieldByName(name)
			if !id.IsValid() || !f.IsValid() {
				continue
			}
			if text := plain(f); text != "" {
				n.ids[id.Interface().([16]byte)] = text
			}
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				n.learn(v.Field(i))
			}
		}
	}
}

// walk adds the lines of v, reached by path through a field called name.
func (n *normal) walk(path, name string, v reflect.Value, out map[string]string) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			out[path] = "null"
			return
		}
		n.walk(path, name, v.Elem(), out)
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if f.Name == "Version" || f.Name == "UnknownTags" || !f.IsExported() {
				continue
			}
			n.walk(join(path, f.Name), f.Name, v.Field(i), out)
		}
	case reflect.Slice:
		n.walkSlice(path, name, v, out)
	default:
		out[path] = n.value(name, v)
	}
}

// walkSlice adds the elements of an array under names of their own, so that order does not matter.
func (n *normal) walkSlice(path, name string, v reflect.Value, out map[string]string) {
	if v.IsNil() {
		out[path] = "null"
		return
	}
	if v.Type().Elem().Kind() == reflect.Uint8 {
		out[path] = n.bytes(name, v.Bytes())
		return
	}
	if v.Type().Elem().Kind() != reflect.Struct {
		var all []string
		for i := range v.Len() {
			all = append(all, n.value(name, v.Index(i)))
		}
		sort.Strings(all)
		out[path] = "[" + strings.Join(all, " ") + "]"
		return
	}
	alike, kept := map[string][]map[string]string{}, 0
	for i := range v.Len() {
		id, foreign := n.identify(v.Index(i))
		if foreign {
			continue
		}
		kept++
		element := make(map[string]string)
		n.walk("", name, v.Index(i), element)
		alike[id] = append(alike[id], element)
	}
	for id, elements := range alike {
		sort.Slice(elements, func(i, j int) bool { return content(elements[i]) < content(elements[j]) })
		for i, element := range elements {
			at := path + "[" + id + "]"
			if i > 0 {
				at = fmt.Sprintf("%s[%s#%d]", path, id, i+1)
			}
			for rest, value := range element {
				out[join(at, rest)] = value
			}
		}
	}
	out[path+".len"] = strconv.Itoa(kept)
}

// content is what an element says, for putting elements that cannot be told apart by name into an order.
func content(element map[string]string) string {
	var all []string
	for path, value := range element {
		all = append(all, path+"="+value)
	}
	sort.Strings(all)
	return strings.Join(all, " ")
}

// identify names an element of an array; foreign says that it belongs to another scenario.
func (n *normal) identify(v reflect.Value) (id string, foreign bool) {
	var parts []string
	for _, name := range identity {
		f := v.FieldByName(name)
		if !f.IsValid() {
			continue
		}
		if f.Kind() == reflect.Pointer {
			if f.IsNil() {
				continue
			}
			f = f.Elem()
		}
		text := n.value(name, f)
		if strings.HasPrefix(text, namePrefix) && !strings.HasPrefix(text, n.prefix) || notServed[text] {
			return "", true
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ","), false
}

// value is the comparable text of a leaf.
func (n *normal) value(name string, v reflect.Value) string {
	if id, ok := v.Interface().([16]byte); ok {
		return n.topicID(id)
	}
	switch {
	case secretFields[name]:
		if v.IsZero() || (v.CanInt() && v.Int() < 0) {
			return fmt.Sprint(v.Interface())
		}
		return "<" + name + ">"
	case clockFields[name] && v.CanInt() && v.Int() > 1e12:
		return "<time>"
	case name == "StatusDetail":
		return sortedNames(v.String())
	case name == "ErrorMessage" || name == "AcknowledgeErrorMessage":
		if verbatim {
			return v.String()
		}
		return "text"
	case name == "Host" && v.String() == n.host:
		return "<host>"
	case name == "Port" && v.CanInt() && v.Int() == int64(n.port):
		return "<port>"
	case v.Kind() == reflect.String && n.made[v.String()] != "":
		return n.made[v.String()]
	case name == "MemberID" && bareID.MatchString(v.String()):
		return "<uuid>"
	case v.Kind() == reflect.String:
		return uuidText.ReplaceAllString(v.String(), "<uuid>")
	}
	return fmt.Sprint(v.Interface())
}

// sortedNames puts the topics that a status lists, which a Kafka takes from a set, into an order.
func sortedNames(detail string) string {
	before, list, found := strings.Cut(detail, "missing: ")
	if !found {
		return detail
	}
	names := strings.Split(list, ", ")
	sort.Strings(names)
	return before + "missing: " + strings.Join(names, ", ")
}

// topicID is the name of a topic whose id was seen, so that both brokers' ids compare.
func (n *normal) topicID(id [16]byte) string {
	if id == ([16]byte{}) {
		return "<no id>"
	}
	if name, ok := n.ids[id]; ok {
		return "<id of " + name + ">"
	}
	return fmt.Sprintf("<id %x>", id)
}

// bytes is the comparable text of a byte field: batch headers for records, hex for the rest.
func (n *normal) bytes(name string, b []byte) string {
	if name == "RecordBatches" || name == "Records" {
		return batches(b)
	}
	return fmt.Sprintf("%q", uuidText.ReplaceAllString(string(b), "<uuid>"))
}

// plain is the text of a string or *string field.
func plain(f reflect.Value) string {
	if f.Kind() == reflect.Pointer {
		if f.IsNil() {
			return ""
		}
		f = f.Elem()
	}
	if f.Kind() == reflect.String {
		return f.String()
	}
	return ""
}

func join(path, name string) string {
	if path == "" || name == "" {
		return path + name
	}
	return path + "." + name
}
