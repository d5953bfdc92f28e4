package vfs

import (
	"math/rand/v2"
	"net"
)

func SendFile(dst net.Conn, f File, pos int64, n int64) (int64, error) { panic("unwritten") }
func OS() FS                                                           { panic("unwritten") }

type CrashOptions struct {
	UnsyncedPercent int
	Rand            *rand.Rand
}
type Mem struct{ FS }

func NewMem() *Mem                             { panic("unwritten") }
func (m *Mem) CrashClone(o CrashOptions) *Mem  { panic("unwritten") }
func Inject(fs FS, inj Injector) FS            { panic("unwritten") }
func Count(fs FS) (FS, *Counters)              { panic("unwritten") }

type Injector func(op Op) error
type Op struct {
	Kind      OpKind
	Name      string
	Index     int64
	Off       int64
	Len       int
}
type OpKind uint8
type Counters struct{}
