package jobs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"time"
)

// followUp is how far dealing with the end of a job is.
type followUp struct {
	versioned
	Attempts int      `json:"attempts"` // that were begun, or that count
	Claim    *claimed `json:"claim"`
	NextTry  stamp    `json:"next_try,omitzero"`
	Error    string   `json:"error,omitempty"`
	Acked    stamp    `json:"acked,omitzero"`
	GivenUp  stamp    `json:"given_up,omitzero"`

	unknown map[string]json.RawMessage // what another program has written
}

// claimed is who is at it.
type claimed struct {
	Token string        `json:"token"`
	By    identity      `json:"by"`
	Since stamp         `json:"since"`
	Lease time.Duration `json:"lease_ns"`
	Most  int           `json:"most_attempts"` // after so many it is given up
}

// holds reports whether the claim is still held: its time is not over, and whoever has it is
// not known to be dead.
func (c *claimed) holds(at stamp) bool {
	if c == nil {
		return false
	}
	age := at.since(c.Since)
	if age >= c.Lease || age < -c.Lease { // across boots, the clock may have been set back
		return false
	}
	return !c.By.isDead()
}

// isDead reports whether a process is known to live no more.
func (i identity) isDead() bool {
	if i.PID == 0 || i.Boot == "" {
		return false
	}
	return !i.isOfThisBoot() || i.isHere() && !i.isAlive()
}

// readFollowUp reads it; one that is not there is where all begin.
func (s *Store) readFollowUp(d jobDir) (followUp, error) {
	var f followUp
	path := d.file(followUpName)
	b, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if d.isGone() {
			return f, d.notFound() // it was pruned meanwhile
		}
		f.Version = version
		return f, nil
	}
	if err != nil {
		return f, err
	}
	err = parse(b, &f)
	if err == nil {
		err = parse(b, &f.unknown)
	}
	if err == nil && f.Version < 1 {
		err = errors.New("it has no version")
	}
	if err != nil {
		return f, damage(path, err)
	}
	return f, nil
}

// view returns what a record shows, of a job in the given state.
func (f followUp) view(job State, at stamp) FollowUp {
	v := FollowUp{Attempts: f.Attempts, Error: f.Error, AckedAt: f.Acked.Wall, State: PendingFollowUp}
	switch {
	case !f.Acked.isZero():
		v.State = AckedFollowUp
	case job == Killed || job == Running:
		v.State = NoFollowUp
	case f.isGivenUp(at):
		v.State = FailedFollowUp
	case f.Claim.holds(at):
		v.State = ClaimedFollowUp
	case !f.NextTry.isZero() && at.since(f.NextTry) < 0:
		v.NextTry = f.NextTry.Wall
	}
	return v
}

// isGivenUp reports whether it has failed too often, or the last attempt was never heard of
// again.
func (f followUp) isGivenUp(at stamp) bool {
	return !f.GivenUp.isZero() || f.Claim != nil && !f.Claim.holds(at) && f.Attempts >= f.Claim.Most
}

// change changes the follow-up of a job that has ended, while nobody else does.
func (s *Store) change(d jobDir, do func(*followUp, ending) error) error {
	err := s.changeInTurn(d, do)
	if err != nil && d.isGone() {
		return d.notFound() // it was pruned meanwhile
	}
	return err
}

// changeInTurn is change of a job that stays.
func (s *Store) changeInTurn(d jobDir, do func(*followUp, ending) error) error {
	e, err := s.readEnding(d)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s", ErrRunning, d.id())
	}
	if err != nil {
		return err
	}
	turn, err := awaitLock(d.file(turnName))
	if errors.Is(err, fs.ErrNotExist) {
		return damage(d.file(turnName), errors.New("it is missing"))
	}
	if err != nil {
		return err
	}
	defer turn.Close()
	f, err := s.readFollowUp(d)
	if err != nil {
		return err
	}
	if f.Version > version {
		return damage(d.file(followUpName), fmt.Errorf("it is of version %d, and may only be changed by one that knows %d", f.Version, f.Version))
	}
	if err := do(&f, e); err != nil {
		return err
	}
	return writeJSON(d.file(followUpName), f)
}

// MarshalJSON keeps what this version does not know.
func (f followUp) MarshalJSON() ([]byte, error) {
	type plain followUp
	known, err := json.Marshal(plain(f))
	if err != nil || len(f.unknown) == 0 {
		return known, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(known, &fields); err != nil {
		return nil, err
	}
	all := maps.Clone(f.unknown)
	for _, name := range []string{"next_try", "error", "acked", "given_up"} {
		delete(all, name) // is left out where it is empty
	}
	maps.Copy(all, fields)
	return json.Marshal(all)
}
