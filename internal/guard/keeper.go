//go:build unix

package guard

import (
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/kinwire/kinwire/internal/role"
)

// Keeper is the host's side: it keeps a guardian, and tells it what there is to guard. The
// zero value is ready; a host needs one. Its methods may be called by several goroutines.
//
// Where no guardian can be had, the methods do nothing that matters, and [Keeper.Err] says
// why.
type Keeper struct {
	once sync.Once
	host uint64 // tells this host's marks from any other's

	hiring sync.Mutex // held while a guardian is started; never taken under mu

	mu       sync.Mutex // never held while something waits
	ledger   role.Ledger
	last     uint64    // start that was announced
	guardian *guardian // what is told; nil: there is none
	watched  bool      // watch runs
	proven   bool      // there was a guardian once, so that another can be had
	failures int       // guardians in a row that were not there for long
	retry    time.Time // when a start may try again to get one
	err      error     // why there is none
}

// Start is a start that was announced. It becomes a group, or is withdrawn.
type Start struct {
	keeper *Keeper
	number uint64
}

// Announce says that a process is about to be started. The first time it starts the
// guardian, and does not wait until that is there: what it is to know waits in the pipe.
func (k *Keeper) Announce() Start {
	k.once.Do(func() {
		k.host = rand.Uint64()
		k.ledger = role.NewLedger()
	})
	k.ensure()
	k.mu.Lock()
	k.last++
	s := Start{keeper: k, number: k.last}
	k.mu.Unlock()
	k.tell(role.Record{Kind: role.Announce, Start: s.number})
	return s
}

// Env returns the environment variable that the process must be started with.
func (s Start) Env() string { return role.Mark(s.keeper.host, s.number) }

// Withdraw says that nothing was started.
func (s Start) Withdraw() { s.keeper.tell(role.Record{Kind: role.Withdraw, Start: s.number}) }

// Hold says that the process was started, and leads the given group.
func (s Start) Hold(group int) {
	s.keeper.tell(role.Record{Kind: role.Hold, Group: group, Start: s.number})
}

// Release says that a group that was held is dead. It must be called before its leader is
// reaped, so that the guardian never knows a group whose id may have become a stranger's.
func (k *Keeper) Release(group int) { k.tell(role.Record{Kind: role.Release, Group: group}) }

// Err returns why there is no guardian, or nil: there is one, as far as is known, or it was
// not needed yet. It may change at any time.
func (k *Keeper) Err() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.guardian != nil {
		return nil
	}
	return k.err
}

// tell enters r in the ledger, and returns when the guardian, if there is one, has it in its
// pipe. A guardian that does not take what it is told is dismissed after a while.
func (k *Keeper) tell(r role.Record) {
	k.mu.Lock()
	k.ledger.Enter(r)
	var taken <-chan struct{}
	if k.guardian != nil {
		taken = k.writeLocked(k.guardian, r.Append(nil))
	}
	k.mu.Unlock()
	if taken != nil {
		<-taken
	}
}

// ensure gets a guardian, unless there is one, or watch sees to that, or none could be had a
// moment ago. If somebody else is at it, it waits for that.
func (k *Keeper) ensure() {
	k.hiring.Lock()
	defer k.hiring.Unlock()
	k.mu.Lock()
	needed := k.guardian == nil && !k.watched && !time.Now().Before(k.retry)
	k.mu.Unlock()
	if !needed {
		return
	}
	if g := k.hire(); g != nil {
		go k.watch(g)
	}
}

// hire starts a guardian, and tells it all there is to guard. The caller holds hiring.
func (k *Keeper) hire() *guardian {
	k.mu.Lock()
	g, err := newGuardian()
	if err == nil {
		// From now on it is told everything: it finds that in its pipe when it comes.
		k.guardian, k.watched = g, true
		k.writeLocked(g, k.ledger.Append(role.Greeting(k.host)))
	}
	k.mu.Unlock()
	if err == nil {
		err = g.start(k.host)
	}
	if err != nil {
		k.dismiss(g, err)
		return nil
	}
	return g
}

// dismiss notes that a guardian has ended, or that none could be started.
func (k *Keeper) dismiss(g *guardian, why error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.guardian, k.err = nil, why
	k.watched = k.proven || errors.Is(why, errKilled)
	if g == nil {
		k.retry = time.Now().Add(shortage)
		return
	}
	g.close()
	k.failures++
	if time.Since(g.begun) > probation {
		k.failures = 1
	}
	k.retry = time.Now().Add(pauseAfter(k.failures))
}

// watch sees to that there is a guardian for as long as the host lives, and so it is a
// goroutine that nobody waits for. It ends only if none has ever come up: then a later start
// tries again.
func (k *Keeper) watch(g *guardian) {
	for g != nil {
		err := g.awaitGreeting()
		if err == nil {
			k.mu.Lock()
			g.there, k.proven = true, true
			k.mu.Unlock()
			err = g.awaitEnd()
		}
		k.dismiss(g, err)
		g = k.replace()
	}
}

// replace returns another guardian, or nil if none has ever come up.
func (k *Keeper) replace() *guardian {
	for {
		k.mu.Lock()
		watched, pause := k.watched, time.Until(k.retry)
		k.mu.Unlock()
		if !watched {
			return nil
		}
		time.Sleep(pause)
		k.hiring.Lock()
		g := k.hire()
		k.hiring.Unlock()
		if g != nil {
			return g
		}
	}
}

// shortage is how long to wait when the host has no descriptors for a guardian. To try costs
// nothing, and what is started meanwhile has none.
const shortage = 100 * time.Millisecond

// A guardian that ends before probation is over counts as one more failure.
const probation = 10 * time.Second

// pauseAfter returns how long to wait after so many failures in a row. A guardian that was
// killed is replaced at once, and when that happens again and again, later and later.
func pauseAfter(failures int) time.Duration {
	const patience, first, longest = 3, 500 * time.Millisecond, time.Minute
	if failures <= patience {
		return 0
	}
	return min(longest, first<<min(failures-patience-1, 10))
}
