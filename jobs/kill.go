package jobs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// Kill brings a job to its end, with all that descends from it: SIGTERM and SIGCONT, SIGKILL
// when Spec.Stop.Term is over. It returns the record once that says how the job ended. Of a
// job that has ended it returns the record at once.
//
// The first reason that is given is kept. Who gives up waiting, by ctx, has asked all the same.
// The job needs no follow-up, unless it ended by itself before it was stopped.
func (s *Store) Kill(ctx context.Context, id, reason string) (Record, error) {
	r, err := s.Get(id)
	if err != nil {
		return r, err
	}
	d := s.job(id)
	if r.State == Lost {
		return r, s.killLeft(ctx, d) // what it has left may live on
	}
	if r.IsOver() {
		return r, nil
	}
	if err := d.askToEnd(reason, s.now()); err != nil {
		return r, fmt.Errorf("kill job %s: %w", id, err)
	}
	if r.Note == noteOrphan {
		return s.killOrphan(ctx, d)
	}
	r, err = s.Wait(ctx, id)
	if err == nil && r.State == Lost { // its recorder died just now
		err = s.killLeft(ctx, d)
	}
	return r, err
}

// askToEnd writes down that somebody wants the end, unless somebody else has, and wakes the
// recorder.
func (d jobDir) askToEnd(reason string, at stamp) error {
	if reason == "" {
		reason = "on request"
	}
	if _, err := d.readKilling(); err != nil {
		data, err := encode(killing{versioned: versioned{version}, Reason: reason, By: os.Getpid(), At: at})
		if err != nil {
			return err
		}
		if err := d.writeKilling(data); err != nil {
			return err
		}
	}
	if p, ok, err := d.readRunning(); err == nil && ok {
		p.Recorder.wake()
	}
	if err := kick(d.file(controlName)); err != nil && !isNobody(err) {
		if alive, _ := d.hasRecorder(); alive {
			return err
		}
	}
	return nil
}

// readKilling reads who wants the end. One that can't be read is none.
func (d jobDir) readKilling() (k killing, err error) {
	err = readJSON(d.file(killName), &k)
	return k, err
}

// writeKilling writes it, unless there is one that can be read.
func (d jobDir) writeKilling(data []byte) error {
	f, err := os.CreateTemp(string(d), killName+".*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	giveToOwner(f)
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
