package jobs

import (
	"context"
	"errors"
	"fmt"
	"os"
)

const noteKilledLost = "its recorder had died before, and nobody knows how it ended"

// killOrphan ends the command of a job whose recorder is lost, and writes down that it was
// killed. The error is errLocked if somebody else does that.
func (s *Store) killOrphan(ctx context.Context, d jobDir, reason string) (Record, error) {
	lock, err := lockFile(d.file(lockName), exclusive)
	if err != nil {
		return Record{}, err
	}
	defer lock.Close()
	e, err := s.killAndNote(ctx, d, reason)
	if err != nil {
		return Record{}, fmt.Errorf("kill job %s: %w", d.id(), err)
	}
	return s.ended(d, e)
}

// killAndNote does it. The caller holds the lock.
func (s *Store) killAndNote(ctx context.Context, d jobDir, reason string) (ending, error) {
	if e, err := s.readEnding(d); err == nil {
		return e, nil
	}
	q, p, err := s.endLeft(ctx, d)
	if err != nil {
		return ending{}, err
	}
	e := s.lostEnding(q, p, true)
	e.State, e.Reason, e.Note = Killed, reason, noteKilledLost
	if k, err := d.readKilling(); err == nil {
		e.Reason = k.Reason
	}
	if err := writeJSON(d.file(endingName), e); err != nil {
		return ending{}, err
	}
	hintAt(d)
	return e, nil
}

// killLeft kills what a lost job has left.
func (s *Store) killLeft(ctx context.Context, d jobDir) error {
	_, _, err := s.endLeft(ctx, d)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil // nothing is known to be left
	}
	return err
}

// endLeft ends what is left of a job without recorder. Whose store it is must be the user's
// own: it says what is to be killed.
func (s *Store) endLeft(ctx context.Context, d jobDir) (q request, p running, err error) {
	info, err := os.Lstat(string(d))
	if err != nil {
		return q, p, err
	}
	if !ownsFile(info) {
		return q, p, damage(string(d), errors.New("it belongs to another user, and nothing is killed for that"))
	}
	if q, err = d.readRequest(); err != nil {
		return q, p, err
	}
	if p, _, err = d.readRunning(); err != nil {
		return q, p, err
	}
	l := left{id: q.ID}
	if p.Command != nil {
		l.leader = *p.Command
	}
	if !p.Recorder.isHere() {
		return q, p, nil // they are of another boot, or out of reach
	}
	return q, p, l.end(ctx, q.Stop)
}
