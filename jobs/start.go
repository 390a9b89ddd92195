package jobs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// startTime is how long a recorder may take to say how the start went.
const startTime = 30 * time.Second

// Start writes down what is to run, and starts it. It returns once the program itself is
// running, and its record.
//
// An error without a record means that nothing runs, and nothing is left: the Spec is wrong,
// the program can't be started, or the disk is full. An error with a record means that the job
// is there, and the record tells how it is. So it is when ctx has ended before the start came
// to its end, or when that took longer than 30 s: the job is then asked to end as Killed.
// After the start, ctx is of no account.
//
// A host that dies during Start leaves nothing that runs without being recorded: a job that
// was not started is found as Failed.
func (s *Store) Start(ctx context.Context, spec Spec) (Record, error) {
	fail := func(err error) (Record, error) { return Record{}, fmt.Errorf("start a job: %w", err) }
	if err := ctx.Err(); err != nil {
		return fail(err)
	}
	q, err := spec.request(s.now())
	if err != nil {
		return fail(err)
	}
	reapRecorders()
	d, lock, err := s.create(q, spec)
	if err != nil {
		return fail(err)
	}
	step("created")
	ctx, cancel := context.WithTimeoutCause(ctx, startTime, errSilent)
	defer cancel()
	err = launch(ctx, d, lock) // which closes the lock
	var refused *refusal
	switch {
	case err == nil:
		return s.Get(q.ID)
	case errors.As(err, &refused):
		s.discard(d)
		return fail(err)
	}
	return s.doubt(ctx, d, err)
}

// errSilent is why a start is given up.
var errSilent = fmt.Errorf("the recorder has not said within %v that the command runs", startTime)

// refusal is an error after which nothing was started.
type refusal struct{ error }

func (r *refusal) Unwrap() error { return r.error }

// doubt is for a start of which it is not known how it went.
func (s *Store) doubt(ctx context.Context, d jobDir, err error) (Record, error) {
	if ctx.Err() != nil {
		err = context.Cause(ctx)
		reason := clip("its start was given up: "+err.Error(), reasonKept)
		if asked := d.askToEnd(reason, s.now()); asked != nil {
			err = fmt.Errorf("%w, and it can't be asked to end: %w", err, asked)
		}
	}
	r, lost := s.Get(d.id())
	if lost != nil {
		return Record{}, fmt.Errorf("start job %s: %w; %w", d.id(), err, lost)
	}
	return r, fmt.Errorf("start job %s: %w", d.id(), err)
}

// newPrefix begins the name of a directory that is to become a job.
const newPrefix = ".new-"

// create makes the directory of a job, with all that its recorder needs, and returns the lock
// that the recorder will hold. After any crash the job is there as a whole, or it is not.
func (s *Store) create(q request, spec Spec) (jobDir, *os.File, error) {
	hidden := jobDir(filepath.Join(s.dir, newPrefix+q.ID))
	if err := makeDir(string(hidden)); err != nil {
		return "", nil, err
	}
	lock, err := hidden.fill(q, spec)
	if err == nil {
		step("filled")
		err = os.Rename(string(hidden), string(s.job(q.ID)))
	}
	if err != nil {
		lock.Close() // nil or not
		os.RemoveAll(string(hidden))
		return "", nil, err
	}
	if err := syncDir(s.dir); err != nil {
		lock.Close()
		s.discard(s.job(q.ID))
		return "", nil, err
	}
	return s.job(q.ID), lock, nil
}

// fill makes the files of a job, and returns the lock.
func (d jobDir) fill(q request, spec Spec) (*os.File, error) {
	unlocked := d.file(lockName + ".tmp") // so that nobody ever finds it without its owner
	lock, err := createFile(unlocked, os.O_RDWR)
	if err != nil {
		return nil, err
	}
	step("opened lock")
	if err := tryLock(lock, exclusive); err != nil {
		return lock, err
	}
	if err := os.Rename(unlocked, d.file(lockName)); err != nil {
		return lock, err
	}
	turn, err := createFile(d.file(turnName), os.O_WRONLY)
	if err != nil {
		return lock, err
	}
	turn.Close()
	if err := makeControl(d.file(controlName)); err != nil {
		return lock, err
	}
	if q.HasScript {
		if err := writeFile(d.file(scriptName), []byte(spec.Script)); err != nil {
			return lock, err
		}
	}
	if q.HasStdin {
		if err := writeFile(d.file(stdinName), spec.Stdin); err != nil {
			return lock, err
		}
	}
	data, err := encode(q)
	if err == nil && len(data) > maxFile/2 {
		err = fmt.Errorf("arguments and environment of %d bytes are too much", len(data))
	}
	if err != nil {
		return lock, err
	}
	return lock, writeFile(d.file(requestName), data) // and syncs the directory
}
