package jobs

import (
	"errors"
	"io/fs"
)

// What the note or the reason of a job without recorder says.
const (
	noteOrphan   = "recorder lost: nobody keeps its output, watches its time, or will know how it ends"
	noteLost     = "its recorder died before it, and nobody knows how it ended"
	noteElse     = "its recorder died, and its processes were of another pid namespace"
	noteReboot   = "the machine went down while it ran"
	noteBegun    = "its recorder died while it started the command, which may have run"
	reasonNobody = "it was never started: the host or the recorder ended before"
)

// loadOpen returns the record of a job whose end was not written down a moment ago.
func (s *Store) loadOpen(d jobDir) (Record, error) {
	r, err := s.inspect(d)
	if err != nil && d.isGone() {
		return Record{}, d.notFound() // it was pruned meanwhile
	}
	return r, err
}

// inspect looks at what is there of a job.
func (s *Store) inspect(d jobDir) (Record, error) {
	q, err := d.readRequest()
	if err != nil {
		return Record{}, err
	}
	alive, err := d.hasRecorder()
	if err != nil {
		return Record{}, err
	}
	p, begun, err := d.readRunning()
	if err != nil {
		return Record{}, err
	}
	if !alive {
		if p.isOrphan(q.ID) {
			r := s.running(q, p)
			r.Note = noteOrphan
			return r, nil
		}
		return s.settle(d, s.lostEnding(q, p, begun))
	}
	return s.running(q, p), nil
}

// running returns the record of a job that runs.
func (s *Store) running(q request, p running) Record {
	r := q.record()
	r.Duration, r.OutputBytes = s.now().since(q.Created), s.job(q.ID).outputSize()
	if p.Command != nil {
		r.PID, r.StartedAt, r.Duration = p.Command.PID, p.Started.Wall, s.now().since(p.Started)
	}
	return r
}

// isOrphan reports whether the command runs, of a job that has no recorder.
func (p running) isOrphan(id string) bool {
	if p.Command != nil {
		return p.Command.isAlive()
	}
	return p.Recorder.isHere() && len(findMarked(id)) > 0
}

// lostEnding is what became of a job that has no recorder, and does not run.
func (s *Store) lostEnding(q request, p running, begun bool) ending {
	e := ending{versioned: versioned{version}, summary: q.summary, State: Lost, Ended: s.now(), OutOfMemory: "unknown"}
	switch {
	case !begun:
		e.State, e.Reason = Failed, reasonNobody
	case !p.Recorder.isOfThisBoot():
		e.Note = noteReboot
	case !p.Recorder.isHere():
		e.Note = noteElse
	case p.Command == nil:
		e.Note = noteBegun
	default:
		e.Note = noteLost
	}
	e.Started, e.Output = p.Started, s.job(q.ID).outputSize()
	return e
}

// settle writes down how a job without recorder ended, unless that is written down by now.
// That it can't be written changes nothing about what is known.
func (s *Store) settle(d jobDir, e ending) (Record, error) {
	lock, err := awaitLock(d.file(lockName)) // somebody else may look, or settle it, or kill what is left
	if errors.Is(err, errLocked) {
		return s.ended(d, e) // he was stopped meanwhile
	}
	if err != nil {
		return Record{}, err
	}
	defer lock.Close()
	written, err := s.readEnding(d)
	switch {
	case err == nil:
		return s.ended(d, written)
	case !errors.Is(err, fs.ErrNotExist):
		return Record{}, err
	}
	if err := writeJSON(d.file(endingName), e); err == nil {
		hintAt(d)
	}
	return s.ended(d, e)
}
