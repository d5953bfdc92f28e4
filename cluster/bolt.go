package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	bolt "go.etcd.io/bbolt"
)

// The buckets of meta.db and the key of the sum.
const (
	pairsBucket = "pairs"
	sumBucket   = "sum"
	sumKey      = "sum"
)

// lockTimeout is how long opening waits for another process to let go of the file.
const lockTimeout = time.Second

// OpenBolt opens the metadata file at path, making it when there is none. The whole content is checked
// and kept in memory; a file that does not hold what was written to it is refused with ErrDamaged.
func OpenBolt(path string) (MetaStore, error) {
	if err := createBolt(path); err != nil {
		return nil, fmt.Errorf("create metadata store %s: %w", path, err)
	}
	file, err := lockFile(path, lockTimeout)
	if err != nil {
		return nil, fmt.Errorf("open metadata store %s: %w", path, err)
	}
	data, err := io.ReadAll(io.NewSectionReader(file, 0, 1<<62))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read metadata store %s: %w", path, err), file.Close())
	}
	kvs, s, err := verify(data)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open metadata store %s: refuse to start: %w", path, err), file.Close())
	}
	db, err := openBolt(path, file)
	if err != nil {
		_ = file.Close() // bbolt has closed it in most cases
		return nil, fmt.Errorf("open metadata store %s: %w", path, err)
	}
	return newCore(kvs, s, &boltJournal{db: db}), nil
}

// openBolt hands the file, locked and checked, to bbolt. The free pages are never written: they are
// found anew from the checked pages, so a list of them cannot be damaged.
func openBolt(path string, file *os.File) (db *bolt.DB, err error) {
	options := &bolt.Options{Timeout: lockTimeout, NoFreelistSync: true, FreelistType: bolt.FreelistMapType}
	if file != nil {
		options.OpenFile = func(string, int, os.FileMode) (*os.File, error) { return file, nil }
	}
	err = contain(func() error {
		db, err = bolt.Open(path, 0o600, options)
		return err
	})
	return db, err
}

// createBolt makes the file under another name first, so that a crash leaves a whole one or none.
func createBolt(path string) error {
	if _, err := os.Stat(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	fresh := path + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	db, err := openBolt(fresh, nil)
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bolt.Tx) error {
		for _, name := range []string{pairsBucket, sumBucket} {
			if _, err := tx.CreateBucket([]byte(name)); err != nil {
				return err
			}
		}
		return tx.Bucket([]byte(sumBucket)).Put([]byte(sumKey), sealSum(sum{}))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	if err := os.Rename(fresh, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// verify checks a whole file and returns its pairs.
func verify(data []byte) ([]KV, sum, error) {
	pages, err := openPages(data)
	if err != nil {
		return nil, sum{}, err
	}
	var headers [2][]byte
	root := make([]byte, bucketBytes)
	native.PutUint64(root, pages.root)
	if pages.root == 0 {
		return nil, sum{}, damage("there is no root bucket")
	}
	err = pages.bucket(root, func(e element) error {
		switch {
		case e.flags != 1:
			return damage("%q is no bucket", e.key)
		case string(e.key) == pairsBucket:
			headers[0] = e.value
		case string(e.key) == sumBucket:
			headers[1] = e.value
		default:
			return damage("unknown bucket %q", e.key)
		}
		return nil
	})
	if err != nil {
		return nil, sum{}, err
	}
	return readContent(pages, headers[0], headers[1])
}

// readContent reads the pairs and compares them with the sum.
func readContent(pages *boltFile, pairs, sums []byte) ([]KV, sum, error) {
	var kvs []KV
	var have sum
	err := pages.bucket(pairs, func(e element) error {
		kv, err := unseal(string(e.key), e.value)
		if err != nil {
			return err
		}
		if e.flags != 0 {
			return damage("flags of %q", e.key)
		}
		kv.Value = append([]byte{}, kv.Value...)
		have.add(kv)
		kvs = append(kvs, kv)
		return nil
	})
	if err != nil {
		return nil, sum{}, err
	}
	var want *sum
	err = pages.bucket(sums, func(e element) error {
		if !bytes.Equal(e.key, []byte(sumKey)) || e.flags != 0 {
			return damage("unknown key %q beside the sum", e.key)
		}
		s, err := unsealSum(e.value)
		want = &s
		return err
	})
	switch {
	case err != nil:
		return nil, sum{}, err
	case want == nil:
		return nil, sum{}, damage("there is no sum")
	case have.count != want.count || have.hash != want.hash:
		return nil, sum{}, damage("%d pairs that do not add up to the %d written", have.count, want.count)
	}
	return kvs, *want, nil
}

// boltJournal writes transactions into bbolt. The core serialises its calls.
type boltJournal struct{ db *bolt.DB }

func (j *boltJournal) commit(changes []KV, s sum) error {
	return contain(func() error {
		return j.db.Update(func(tx *bolt.Tx) error {
			pairs := tx.Bucket([]byte(pairsBucket))
			for _, kv := range changes {
				var err error
				if kv.Value == nil {
					err = pairs.Delete([]byte(kv.Key))
				} else {
					err = pairs.Put([]byte(kv.Key), seal(kv))
				}
				if err != nil {
					return fmt.Errorf("key %q: %w", kv.Key, err)
				}
			}
			return tx.Bucket([]byte(sumBucket)).Put([]byte(sumKey), sealSum(s))
		})
	})
}

func (j *boltJournal) close() error { return contain(j.db.Close) }

// contain turns a panic of bbolt, and a fault on its mapped file, into an error.
func contain(f func() error) (err error) {
	before := debug.SetPanicOnFault(true)
	defer debug.SetPanicOnFault(before)
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: bbolt: %v", ErrDamaged, r)
		}
	}()
	return f()
}
