package jobs

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// What holds where a Retention does not say.
const (
	DefaultAfterAck   = time.Hour
	DefaultWithoutAck = 24 * time.Hour
)

// Retention is how long jobs are kept after their end. If zero, 1 h and 24 h. If negative, no
// time.
type Retention struct {
	AfterAck   time.Duration // since the ack, of one whose end was dealt with
	WithoutAck time.Duration // since the end, or the last attempt to deal with it, of others
}

// trashPrefix begins the name of a directory that was a job.
const trashPrefix = ".trash-"

// Prune removes the jobs that were kept for long enough, and returns their ids. One that runs,
// or whose end somebody is dealing with, is never removed. After any crash a job is there as a
// whole, or it is not. Damaged jobs stay, and the error tells of them.
func (s *Store) Prune(keep Retention) ([]string, error) {
	records, err := s.List(Filter{})
	errs := []error{err}
	var gone []string
	for _, r := range records {
		if !r.IsOver() || r.FollowUp.State == ClaimedFollowUp {
			continue
		}
		ok, err := s.pruneOne(s.job(r.ID), keep)
		if ok {
			gone = append(gone, r.ID)
		}
		errs = append(errs, err)
	}
	errs = append(errs, s.sweep())
	return gone, errors.Join(errs...)
}

// pruneOne removes a job if it was kept for long enough, and reports whether it is gone by that.
func (s *Store) pruneOne(d jobDir, keep Retention) (bool, error) {
	turn, err := awaitLock(d.file(turnName)) // so that nobody claims it now
	if err != nil && d.isGone() {
		return false, nil // somebody else has removed the job
	}
	if err != nil {
		return false, err
	}
	defer turn.Close()
	e, err := s.readEnding(d)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // it could not be written down, or the job was removed meanwhile
	}
	if err != nil {
		return false, err
	}
	f, err := s.readFollowUp(d)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if at := s.now(); f.Claim.holds(at) || !keep.isOver(e, f, at) {
		return false, nil
	}
	err = s.discard(d)
	return err == nil || d.isGone(), err
}

// isOver reports whether a job was kept for long enough.
func (keep Retention) isOver(e ending, f followUp, at stamp) bool {
	if !f.Acked.isZero() {
		return at.since(f.Acked) >= max(0, cmp.Or(keep.AfterAck, DefaultAfterAck))
	}
	last := e.Ended
	if !f.GivenUp.isZero() {
		last = f.GivenUp
	}
	return at.since(last) >= max(0, cmp.Or(keep.WithoutAck, DefaultWithoutAck))
}

// discard removes a job: first its name, and then what it has.
func (s *Store) discard(d jobDir) error {
	trash := filepath.Join(s.dir, trashPrefix+d.id())
	if err := os.Rename(string(d), trash); err != nil {
		return err
	}
	step("trashed")
	return os.RemoveAll(trash)
}

// abandoned is how old must be what was to become a job, and has no lock yet.
const abandoned = time.Hour

// sweep removes what is left of those who died while they made or removed a job.
func (s *Store) sweep() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, entry := range entries {
		path := filepath.Join(s.dir, entry.Name())
		id, isTrash := strings.CutPrefix(entry.Name(), trashPrefix)
		if !isTrash {
			id, _ = strings.CutPrefix(entry.Name(), newPrefix)
		}
		if id == entry.Name() || !isID(id) || !isTrash && !isAbandoned(jobDir(path)) {
			continue
		}
		errs = append(errs, os.RemoveAll(path))
	}
	return errors.Join(errs...)
}

// isAbandoned reports whether nobody makes a job of a directory any more.
func isAbandoned(d jobDir) bool {
	lock, err := lockFile(d.file(lockName), exclusive)
	if err == nil {
		lock.Close()
		return true
	}
	info, err := os.Lstat(string(d))
	return err == nil && time.Since(info.ModTime()) > abandoned
}
