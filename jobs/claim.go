package jobs

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"os"
	"time"
)

// What holds where a Policy does not say.
const (
	DefaultLease      = 20 * time.Minute
	DefaultAttempts   = 3
	DefaultBackoff    = 15 * time.Second
	DefaultMaxBackoff = 300 * time.Second
	DefaultBusyPause  = 5 * time.Second
)

// errorKept is how many bytes are kept of why an attempt has failed.
const errorKept = 2000

// Policy is how follow-ups are tried.
type Policy struct {
	// Lease is how long a claim is held. If zero or negative, 20 min.
	Lease time.Duration
	// Attempts is how often to try. If zero, 3. If negative, there is no limit.
	Attempts int
	// Backoff is how long to wait after the first attempt that has failed; each further one
	// doubles it, up to MaxBackoff. If zero, 15 s and 300 s. If negative, no time.
	Backoff, MaxBackoff time.Duration
	// BusyPause is how long to wait after somebody was busy. If zero, 5 s. If negative, no time.
	BusyPause time.Duration
}

// withDefaults fills in what p does not say.
func (p Policy) withDefaults() Policy {
	p.Lease = max(0, p.Lease)
	p.Lease = cmp.Or(p.Lease, DefaultLease)
	p.Attempts = cmp.Or(p.Attempts, DefaultAttempts)
	p.Backoff = max(0, cmp.Or(p.Backoff, DefaultBackoff))
	p.MaxBackoff = max(0, cmp.Or(p.MaxBackoff, DefaultMaxBackoff))
	p.BusyPause = max(0, cmp.Or(p.BusyPause, DefaultBusyPause))
	if p.Attempts < 0 {
		p.Attempts = 1 << 30
	}
	return p
}

// pauseAfter returns how long to wait after so many attempts.
func (p Policy) pauseAfter(attempts int) time.Duration {
	wait := p.Backoff
	for i := 1; i < attempts && wait < p.MaxBackoff; i++ {
		wait *= 2
	}
	return min(wait, p.MaxBackoff)
}

// Claim is the right to deal with the end of a job, for a while. It ends with Ack, Fail or
// Defer, with the lease, and on Linux with the death of the process that has it. Its methods
// may be called by several goroutines; the first that ends it counts.
type Claim struct {
	// Record is that of the job, with this attempt counted.
	Record Record
	// Until is when the lease ends.
	Until time.Time

	store  *Store
	dir    jobDir
	token  string
	policy Policy
}

// Claim takes the follow-up of a job, and counts an attempt. In all processes there is at most
// one who has it at a time. The error is ErrNotDue if it can't be had now, and ErrRunning if
// the job has not ended.
func (s *Store) Claim(id string, p Policy) (*Claim, error) {
	r, err := s.Get(id) // which settles what is lost
	if err != nil {
		return nil, err
	}
	c := &Claim{store: s, dir: s.job(id), token: rand.Text(), policy: p.withDefaults()}
	by, err := identify(os.Getpid())
	if err != nil {
		by = identity{} // the lease alone ends it
	}
	at := s.now()
	err = s.change(c.dir, func(f *followUp, e ending) error {
		v := f.view(e.State, at)
		if v.State != PendingFollowUp || !v.NextTry.IsZero() {
			return fmt.Errorf("%w: %s is %s", ErrNotDue, id, v.State)
		}
		f.Attempts++
		f.Claim = &claimed{Token: c.token, By: by, Since: at, Lease: c.policy.Lease, Most: c.policy.Attempts}
		f.NextTry = stamp{}
		r = e.record()
		r.FollowUp = f.view(e.State, at)
		return nil
	})
	if err != nil {
		return nil, err
	}
	c.Record, c.Until = r, at.add(c.policy.Lease).Wall
	return c, nil
}

// Ack says that it is done. The error is ErrClaimLost if the lease has ended and somebody else
// has claimed it meanwhile; then it may be done twice.
func (c *Claim) Ack() error {
	return c.end(func(f *followUp, at stamp) {
		f.Acked, f.Error = at, ""
	})
}

// Fail says that the attempt has failed, and why, of which 2,000 bytes are kept. There is another
// one after a while, unless there were enough.
func (c *Claim) Fail(why error) error {
	return c.end(func(f *followUp, at stamp) {
		f.Error = clip(why.Error(), errorKept)
		if f.Attempts >= c.policy.Attempts {
			f.GivenUp = at
			return
		}
		f.NextTry = at.add(c.policy.pauseAfter(f.Attempts))
	})
}

// Defer gives the claim back, as if there had been no attempt. The next one may be made after
// Policy.BusyPause.
func (c *Claim) Defer() error {
	return c.end(func(f *followUp, at stamp) {
		f.Attempts--
		f.NextTry = at.add(c.policy.BusyPause)
	})
}

// end ends the claim, if it is still this one.
func (c *Claim) end(do func(*followUp, stamp)) error {
	return c.store.change(c.dir, func(f *followUp, _ ending) error {
		if f.Claim == nil || f.Claim.Token != c.token {
			return fmt.Errorf("%w: %s", ErrClaimLost, c.dir.id())
		}
		f.Claim = nil
		do(f, c.store.now())
		return nil
	})
}

// Ack says that the end of a job has been dealt with, whoever may have claimed it. To say it
// again changes nothing. The error is ErrRunning if it has not ended.
func (s *Store) Ack(id string) error {
	if _, err := s.Get(id); err != nil {
		return err
	}
	return s.change(s.job(id), func(f *followUp, _ ending) error {
		if f.Acked.isZero() {
			f.Acked = s.now()
		}
		f.Claim, f.NextTry = nil, stamp{}
		return nil
	})
}
