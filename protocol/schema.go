package protocol

//go:generate go run ./internal/schemagen -dir $KAFKA_MESSAGES -kind Request -out schema_table.go
//go:generate go run ./internal/schemagen -dir $KAFKA_MESSAGES -kind Response -out schema_response_test.go

// kind is the type of a field, or of an array's elements.
type kind uint8

const (
	kBool kind = iota
	kInt8
	kInt16
	kUint16
	kInt32
	kUint32
	kInt64
	kFloat64
	kUUID
	kString
	kBytes
	kStruct
)

// width is the length in bytes of a kind of fixed size, 0 for others.
var width = [...]uint8{kBool: 1, kInt8: 1, kInt16: 2, kUint16: 2, kInt32: 4, kUint32: 4, kInt64: 8,
	kFloat64: 8, kUUID: 16, kString: 0, kBytes: 0, kStruct: 0}

// schema is a set of messages. It is generated, and never written to.
type schema struct {
	apis    []apiRow // sorted by key
	structs []structRow
	fields  []fieldRow
}

// apiRow is one message.
type apiRow struct {
	API
	root uint16 // its struct
}

// structRow is one struct: fields[first:end] and how much memory its decoded
// form takes, without what its strings and arrays hold.
type structRow struct {
	first, end uint16
	size       uint16
}

// fieldRow is one field.
type fieldRow struct {
	kind             kind
	array            bool
	from, to         int8 // versions that have it
	nullFrom, nullTo int8 // versions in which it may be null
	tag              int8 // -1 when it is not a tagged field
	ref              uint16
}

// in reports whether the field is there in a version.
func (f *fieldRow) in(version int16) bool {
	return int16(f.from) <= version && version <= int16(f.to)
}

// nullable reports whether the field may be null in a version.
func (f *fieldRow) nullable(version int16) bool {
	return int16(f.nullFrom) <= version && version <= int16(f.nullTo)
}

// find looks an API up; nil when there is none.
func (s *schema) find(key int16) *apiRow {
	lo, hi := 0, len(s.apis)
	for lo < hi {
		mid := (lo + hi) / 2
		switch k := s.apis[mid].Key; {
		case k == key:
			return &s.apis[mid]
		case k < key:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return nil
}
