package jobs

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// reasonKept is how many bytes of a reason are kept. In JSON each may take six, and all must fit
// into longestOrder, and into the room that was taken for the ending.
const reasonKept = 512

// Kill brings a job to its end, with all that descends from it: SIGTERM and SIGCONT, SIGKILL
// when Spec.Stop.Term is over. It returns the record once that says how the job ended. Of a
// job that has ended it returns the record at once.
//
// Of a job whose files are damaged it returns a *DamageError, and has asked its recorder all the
// same, if that lives.
//
// The first reason that is given is kept, or its first 512 bytes. Who gives up waiting, by ctx,
// has asked all the same. The job needs no follow-up, unless it ended by itself before it was stopped.
func (s *Store) Kill(ctx context.Context, id, reason string) (Record, error) {
	d, err := s.find(id)
	if err != nil {
		return Record{}, err
	}
	reason = clip(cmp.Or(reason, "on request"), reasonKept)
	r, err := s.load(d)
	if err != nil {
		return r, errors.Join(err, s.askRecorder(d, reason))
	}
	if !r.IsOver() {
		if err := d.askToEnd(reason, s.now()); err != nil && !r.isOrphan() {
			return r, fmt.Errorf("kill job %s: %w", id, err)
		}
	}
	for {
		r, err = s.await(ctx, id, func(r Record) bool { return r.IsOver() || r.isOrphan() })
		switch {
		case err != nil:
			return r, err
		case r.State == Lost:
			return r, s.killLeft(ctx, d) // what it has left may live on
		case r.IsOver():
			return r, nil
		}
		r, err = s.killOrphan(ctx, d, reason)
		if !errors.Is(err, errLocked) {
			return r, err
		}
		pause(ctx, lockPause) // somebody else is killing it, and may die meanwhile
	}
}

// isOrphan reports whether a job runs that has no recorder.
func (r Record) isOrphan() bool { return r.State == Running && r.Note == noteOrphan }

// askRecorder is askToEnd of a job whose files are damaged, if it has a recorder, who needs none
// of them for that.
func (s *Store) askRecorder(d jobDir, reason string) error {
	if _, err := s.readEnding(d); err == nil {
		return nil // it has ended
	}
	alive, err := d.hasRecorder()
	if err != nil { // the lock is what is damaged
		p, _, _ := d.readRunning()
		alive = p.Recorder.isAlive()
	}
	if !alive {
		return nil
	}
	return d.askToEnd(reason, s.now())
}

// askToEnd writes down that somebody wants the end, unless somebody else has, and tells the
// recorder. Where the one can't be done, as the disk is full, the other will do.
func (d jobDir) askToEnd(reason string, at stamp) error {
	k := killing{versioned: versioned{version}, Reason: reason, By: os.Getpid(), At: at}
	unwritten := d.noteKilling(k)
	p, _, _ := d.readRunning() // zero: it can't be woken so
	woken := p.Recorder.wake()
	err := kick(d.file(controlName), &k)
	switch {
	case err == nil:
		return nil
	case unwritten != nil:
		return unwritten
	case woken, isNobody(err), errors.Is(err, syscall.EAGAIN):
		return nil // it will look, or has been told to
	}
	if alive, _ := d.hasRecorder(); alive {
		return err
	}
	return nil
}

// noteKilling writes down who wants the end, unless that is written down.
func (d jobDir) noteKilling(k killing) error {
	if _, err := d.readKilling(); err == nil {
		return nil
	}
	data, err := encode(k)
	if err != nil {
		return err
	}
	return d.writeKilling(data)
}

// readKilling reads who wants the end. One that can't be read is none.
func (d jobDir) readKilling() (k killing, err error) {
	err = readJSON(d.file(killName), &k)
	return k, err
}

// writeKilling writes it, unless there is one that can be read.
func (d jobDir) writeKilling(data []byte) error {
	f, err := createFile(d.file(killName+"."+rand.Text()+".tmp"), os.O_WRONLY)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	err = os.Link(f.Name(), d.file(killName)) // never in the place of another
	if errors.Is(err, fs.ErrExist) {
		if _, err := d.readKilling(); err == nil {
			return nil
		}
		err = os.Rename(f.Name(), d.file(killName)) // of garbage
	}
	if err != nil {
		return err
	}
	return syncDir(string(d))
}

// isNobody reports whether nobody listens: the recorder is about to, and looks before it does,
// or is gone.
func isNobody(err error) bool { return errors.Is(err, syscall.ENXIO) }
