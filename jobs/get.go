package jobs

import (
	"errors"
	"fmt"
	"io/fs"
)

// Get returns the record of a job, by its whole id. The error is ErrNotFound, or a
// *DamageError.
//
// It also settles what became of a job whose recorder is lost, so that everybody finds the
// same.
func (s *Store) Get(id string) (Record, error) {
	d, err := s.find(id)
	if err != nil {
		return Record{}, err
	}
	return s.load(d)
}

// load returns the record of the job in d.
func (s *Store) load(d jobDir) (Record, error) {
	e, err := s.readEnding(d)
	if errors.Is(err, fs.ErrNotExist) {
		return s.loadOpen(d)
	}
	if err != nil {
		return Record{}, err
	}
	return s.ended(d, e)
}

// ended returns the record of a job that has ended.
func (s *Store) ended(d jobDir, e ending) (Record, error) {
	f, err := s.readFollowUp(d)
	if err != nil {
		return Record{}, err
	}
	r := e.record()
	r.FollowUp = f.view(e.State, s.now())
	return r, nil
}

// readEnding reads how a job ended. The error is fs.ErrNotExist if it has not.
func (s *Store) readEnding(d jobDir) (ending, error) {
	var e ending
	path := d.file(endingName)
	err := readJSON(path, &e)
	if err == nil && (e.ID != d.id() || e.State == "" || e.State == Running) {
		err = damage(path, fmt.Errorf("it is about job %q, which is %q", e.ID, e.State))
	}
	return e, err
}

// readRequest reads what is to run.
func (d jobDir) readRequest() (request, error) {
	var q request
	path := d.file(requestName)
	err := readJSON(path, &q)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = damage(path, errors.New("it is missing"))
	case err == nil && (q.ID != d.id() || len(q.Command) == 0):
		err = damage(path, fmt.Errorf("it is about job %q, with the command %q", q.ID, q.Command))
	}
	return q, err
}

// readRunning reads which processes there are; ok is false if the recorder has not got so far.
func (d jobDir) readRunning() (r running, ok bool, err error) {
	err = readJSON(d.file(runningName), &r)
	if errors.Is(err, fs.ErrNotExist) {
		return r, false, nil
	}
	return r, err == nil, err
}

// hasRecorder reports whether the recorder of a job lives, or is about to.
func (d jobDir) hasRecorder() (bool, error) {
	f, err := lockFile(d.file(lockName), shared)
	switch {
	case errors.Is(err, errLocked):
		return true, nil
	case errors.Is(err, fs.ErrNotExist):
		return false, damage(d.file(lockName), errors.New("it is missing"))
	case err != nil:
		return false, err
	}
	f.Close()
	return false, nil
}

// record returns what an ending tells.
func (e ending) record() Record {
	r := e.summary.record()
	r.State, r.ExitCode, r.Signal = e.State, e.ExitCode, e.Signal
	r.Reason, r.Note, r.OutOfMemory = e.Reason, e.Note, e.OutOfMemory
	r.EndedAt, r.Duration, r.OutputBytes = e.Ended.Wall, e.Duration, e.Output
	if !e.Started.isZero() {
		r.StartedAt = e.Started.Wall
	}
	return r
}

// record returns what is known from the beginning on.
func (s summary) record() Record {
	return Record{
		ID: s.ID, Command: s.Command, Script: s.Script, Dir: s.Dir, Session: s.Session,
		State: Running, StartedAt: s.Created.Wall, MaxRuntime: s.MaxRuntime, OutOfMemory: "unknown",
		FollowUp: FollowUp{State: NoFollowUp},
	}
}
