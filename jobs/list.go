package jobs

import (
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// Filter says which jobs to list. Zero: all.
type Filter struct {
	Session string // those with this label
	State   State  // those in this state
}

// List returns the records of all jobs that the filter lets pass, the oldest first. Jobs whose
// files are damaged are left out; the error tells of each of them, and comes with all other
// records.
func (s *Store) List(f Filter) ([]Record, error) {
	return s.list(func(r Record) bool {
		return (f.Session == "" || r.Session == f.Session) && (f.State == "" || r.State == f.State)
	})
}

// Pending returns the records of the jobs that have ended, and whose end nobody has dealt with:
// those that somebody is at included, and those without whose time has not come. The error is
// as for List.
func (s *Store) Pending() ([]Record, error) {
	return s.list(func(r Record) bool {
		return r.FollowUp.State == PendingFollowUp || r.FollowUp.State == ClaimedFollowUp
	})
}

// list returns the records that are wanted.
func (s *Store) list(wanted func(Record) bool) ([]Record, error) {
	reapRecorders()
	ids, err := s.ids()
	if err != nil {
		return nil, err
	}
	records, errs := make([]Record, len(ids)), make([]error, len(ids))
	var next atomic.Int64
	var readers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(ids)) {
		readers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(ids)); i = next.Add(1) - 1 {
				records[i], errs[i] = s.Get(ids[i])
			}
		})
	}
	readers.Wait()
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil || errors.Is(err, ErrNotFound) })
	records = slices.DeleteFunc(records, func(r Record) bool { return r.ID == "" || !wanted(r) })
	return records, errors.Join(errs...)
}
