package vfs

// OpKind is one kind of file-system operation.
type OpKind uint8

// The kinds. OpSend is SendFile; it is a read, and a wrapper sees it once, not as the reads it may consist
// of.
const (
	OpCreate OpKind = iota
	OpOpen
	OpOpenReadWrite
	OpRemove
	OpRemoveAll
	OpRename
	OpMkdirAll
	OpSyncDir
	OpList
	OpStat
	OpLock
	OpFree
	OpReadAt
	OpWriteAt
	OpTruncate
	OpSync
	OpSize
	OpPreallocate
	OpClose
	OpSend
	opKinds // how many there are
)

var opNames = [opKinds]string{
	"create", "open", "open-read-write", "remove", "remove-all", "rename", "mkdir-all", "sync-dir",
	"list", "stat", "lock", "free", "read", "write", "truncate", "sync", "size", "preallocate", "close", "send",
}

// OpKinds returns every kind, for tests that sweep them.
func OpKinds() []OpKind {
	all := make([]OpKind, opKinds)
	for i := range all {
		all[i] = OpKind(i)
	}
	return all
}

// String returns the kind's name in lower case.
func (k OpKind) String() string { return opNames[k] }

// Writes reports whether the operation changes what a crash would leave behind.
func (k OpKind) Writes() bool {
	switch k {
	case OpCreate, OpRemove, OpRemoveAll, OpRename, OpMkdirAll, OpSyncDir, OpWriteAt, OpTruncate, OpSync,
		OpPreallocate:
		return true
	}
	return false
}

// Op is one operation that is about to be done.
type Op struct {
	Kind      OpKind
	Name      string // of the file or directory; the old name of a rename
	Index     int64  // how many operations came before it, of any kind
	KindIndex int64  // how many of its own kind came before it
	Off       int64  // position, for reads, writes and sends; the new size for truncate and preallocate
	Len       int64  // bytes, for reads, writes and sends
}
