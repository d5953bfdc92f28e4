package vfs

import (
	"io"
	"net"
	"sync/atomic"
)

// Injector is asked before every operation; a non-nil error becomes the operation's result and the
// operation is not done. An injector that blocks or sleeps delays the operation. It may be called
// concurrently.
type Injector func(op Op) error

// ShortWrite is what an Injector returns to have the first N bytes of a write done before it fails with Err.
type ShortWrite struct {
	N   int
	Err error // nil means io.ErrShortWrite
}

func (e *ShortWrite) Error() string { return "short write: " + e.cause().Error() }

// Unwrap gives the error that the shortened write returns.
func (e *ShortWrite) Unwrap() error { return e.cause() }

func (e *ShortWrite) cause() error {
	if e.Err == nil {
		return io.ErrShortWrite
	}
	return e.Err
}

// Inject wraps fs so that inj decides which operations fail. Operations are numbered from 0 in the order in
// which they arrive.
func Inject(fs FS, inj Injector) FS { return &injectFS{fs: fs, inj: inj} }

type injectFS struct {
	fs    FS
	inj   Injector
	total atomic.Int64
	kinds [opKinds]atomic.Int64
}

func (i *injectFS) ask(kind OpKind, name string, off, length int64) error {
	return i.inj(Op{
		Kind: kind, Name: name, Off: off, Len: length,
		Index: i.total.Add(1) - 1, KindIndex: i.kinds[kind].Add(1) - 1,
	})
}

func (i *injectFS) Create(name string) (File, error) {
	return i.open(OpCreate, name, i.fs.Create)
}

func (i *injectFS) Open(name string) (File, error) {
	return i.open(OpOpen, name, i.fs.Open)
}

func (i *injectFS) OpenReadWrite(name string) (File, error) {
	return i.open(OpOpenReadWrite, name, i.fs.OpenReadWrite)
}

func (i *injectFS) open(kind OpKind, name string, open func(string) (File, error)) (File, error) {
	if err := i.ask(kind, name, 0, 0); err != nil {
		return nil, err
	}
	f, err := open(name)
	if err != nil {
		return nil, err
	}
	return &injectFile{f: f, fs: i}, nil
}

func (i *injectFS) Remove(name string) error {
	if err := i.ask(OpRemove, name, 0, 0); err != nil {
		return err
	}
	return i.fs.Remove(name)
}

func (i *injectFS) RemoveAll(name string) error {
	if err := i.ask(OpRemoveAll, name, 0, 0); err != nil {
		return err
	}
	return i.fs.RemoveAll(name)
}

func (i *injectFS) Rename(oldname, newname string) error {
	if err := i.ask(OpRename, oldname, 0, 0); err != nil {
		return err
	}
	return i.fs.Rename(oldname, newname)
}

func (i *injectFS) MkdirAll(dir string) error {
	if err := i.ask(OpMkdirAll, dir, 0, 0); err != nil {
		return err
	}
	return i.fs.MkdirAll(dir)
}

func (i *injectFS) SyncDir(dir string) error {
	if err := i.ask(OpSyncDir, dir, 0, 0); err != nil {
		return err
	}
	return i.fs.SyncDir(dir)
}

func (i *injectFS) List(dir string) ([]string, error) {
	if err := i.ask(OpList, dir, 0, 0); err != nil {
		return nil, err
	}
	return i.fs.List(dir)
}

func (i *injectFS) Stat(name string) (Info, error) {
	if err := i.ask(OpStat, name, 0, 0); err != nil {
		return Info{}, err
	}
	return i.fs.Stat(name)
}

func (i *injectFS) Lock(name string) (io.Closer, error) {
	if err := i.ask(OpLock, name, 0, 0); err != nil {
		return nil, err
	}
	return i.fs.Lock(name)
}

func (i *injectFS) Free(dir string) (int64, error) {
	if err := i.ask(OpFree, dir, 0, 0); err != nil {
		return 0, err
	}
	return i.fs.Free(dir)
}

type injectFile struct {
	f  File
	fs *injectFS
}

func (f *injectFile) Name() string { return f.f.Name() }

func (f *injectFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.fs.ask(OpReadAt, f.f.Name(), off, int64(len(p))); err != nil {
		return 0, err
	}
	return f.f.ReadAt(p, off)
}

func (f *injectFile) WriteAt(p []byte, off int64) (int, error) {
	err := f.fs.ask(OpWriteAt, f.f.Name(), off, int64(len(p)))
	if err == nil {
		return f.f.WriteAt(p, off)
	}
	short, ok := err.(*ShortWrite)
	if !ok {
		return 0, err
	}
	n, err := f.f.WriteAt(p[:min(short.N, len(p))], off)
	if err != nil {
		return n, err
	}
	return n, short
}

func (f *injectFile) Close() error {
	err := f.fs.ask(OpClose, f.f.Name(), 0, 0)
	if cerr := f.f.Close(); err == nil { // close(2) releases the descriptor whatever it returns
		err = cerr
	}
	return err
}

func (f *injectFile) Truncate(size int64) error {
	if err := f.fs.ask(OpTruncate, f.f.Name(), size, 0); err != nil {
		return err
	}
	return f.f.Truncate(size)
}

func (f *injectFile) Sync() error {
	if err := f.fs.ask(OpSync, f.f.Name(), 0, 0); err != nil {
		return err
	}
	return f.f.Sync()
}

func (f *injectFile) Size() (int64, error) {
	if err := f.fs.ask(OpSize, f.f.Name(), 0, 0); err != nil {
		return 0, err
	}
	return f.f.Size()
}

func (f *injectFile) Preallocate(size int64) error {
	if err := f.fs.ask(OpPreallocate, f.f.Name(), size, 0); err != nil {
		return err
	}
	return f.f.Preallocate(size)
}

func (f *injectFile) sendTo(dst net.Conn, pos, n int64) (int64, error) {
	if err := f.fs.ask(OpSend, f.f.Name(), pos, n); err != nil {
		return 0, err
	}
	return SendFile(dst, f.f, pos, n)
}
