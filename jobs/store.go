package jobs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Store is a directory with jobs. Its methods may be called by any number of goroutines, and
// any number of processes may have the same one. Nothing is open between two calls, so there is
// nothing to close.
type Store struct {
	dir string
	now func() stamp
}

// Open returns the store in a directory, which is made if it is not there: for this user
// alone. One that is there keeps the mode it has.
func Open(dir string) (*Store, error) {
	if dir == "" {
		return nil, errors.New("open a store of jobs: no directory is given")
	}
	full, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open a store of jobs: %w", err)
	}
	err = os.MkdirAll(filepath.Dir(full), dirMode)
	if err == nil && makeDir(full) != nil {
		err = os.MkdirAll(full, dirMode) // no error if it is there
	}
	if err != nil {
		return nil, fmt.Errorf("open a store of jobs: %w", err)
	}
	return &Store{dir: full, now: now}, nil
}

// Dir returns the directory of the store, as an absolute path.
func (s *Store) Dir() string { return s.dir }

// job returns the directory of a job.
func (s *Store) job(id string) jobDir { return jobDir(filepath.Join(s.dir, id)) }

// find returns the directory of a job that is there.
func (s *Store) find(id string) (jobDir, error) {
	if !isID(id) {
		return "", fmt.Errorf("%w: %q is no id", ErrNotFound, id)
	}
	d := s.job(id)
	info, err := os.Lstat(string(d))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", d.notFound()
	case err != nil:
		return "", damage(string(d), err)
	case !info.IsDir():
		return "", damage(string(d), errors.New("it is no directory"))
	}
	return d, nil
}

// isGone reports whether there is no such job any more.
func (d jobDir) isGone() bool {
	_, err := os.Lstat(string(d))
	return errors.Is(err, fs.ErrNotExist)
}

// notFound is the error of a job that is not there, or no more.
func (d jobDir) notFound() error { return fmt.Errorf("%w: %s", ErrNotFound, d.id()) }

// Find returns the id of the one job whose id begins or ends with part. The error is
// ErrNotFound, or ErrAmbiguous.
func (s *Store) Find(part string) (string, error) {
	ids, err := s.ids()
	if err != nil {
		return "", err
	}
	found := slices.DeleteFunc(ids, func(id string) bool {
		return part == "" || !strings.HasPrefix(id, part) && !strings.HasSuffix(id, part)
	})
	switch len(found) {
	case 0:
		return "", fmt.Errorf("%w: %q", ErrNotFound, part)
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("%w: %q is the beginning or the end of %d ids, such as %s and %s",
		ErrAmbiguous, part, len(found), found[0], found[1])
}

// ids returns the ids of all jobs, the oldest first. What has another name is no job.
func (s *Store) ids() ([]string, error) {
	names, err := readNames(s.dir)
	if err != nil {
		return nil, fmt.Errorf("read a store of jobs: %w", err)
	}
	ids := slices.DeleteFunc(names, func(name string) bool { return !isID(name) })
	slices.Sort(ids)
	return ids, nil
}

// readNames returns the names in a directory, in any order.
func readNames(dir string) ([]string, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.Readdirnames(-1)
}
