//go:build unix

package guard

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kinwire/kinwire/internal/role"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for begin := time.Now(); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Since(begin) > patience {
			t.Fatalf("timeout: %s", what)
		}
	}
}

// withProgram returns a keeper whose guardian is made from a program that is none.
func withProgram(t *testing.T, path func() (string, error), limit time.Duration) *Keeper {
	t.Helper()
	before, beforeTime := program, greetTime
	program, greetTime = path, limit
	t.Cleanup(func() { program, greetTime = before, beforeTime })
	return new(Keeper)
}

// lookUp returns where a program is.
func lookUp(name string) func() (string, error) {
	return func() (string, error) { return exec.LookPath(name) }
}

// use is a whole life of a group, with an id that no group ever has.
func use(k *Keeper) {
	k.Announce().Withdraw()
	k.Announce().Hold(1 << 30)
	k.Release(1 << 30)
}

func TestNoGuardian(t *testing.T) {
	for name, c := range map[string]struct {
		path  func() (string, error)
		words string
	}{
		"ends at once":       {lookUp("true"), "ended before it was there: exit status 0"},
		"never greets":       {lookUp("sleep"), "not there after"}, // its argument is a pid, which is long enough
		"can't be executed":  {func() (string, error) { return "/none/such", nil }, "no such file"},
		"Go is only a guest": {func() (string, error) { return "", ErrGuest }, "can't be started"},
	} {
		t.Run(name, func(t *testing.T) {
			k := withProgram(t, c.path, 500*time.Millisecond)
			use(k)
			eventually(t, "it is known that there is none", func() bool { return k.Err() != nil })
			if err := k.Err(); !strings.Contains(err.Error(), c.words) {
				t.Errorf("%q, want %q", err, c.words)
			}
			for range 10 {
				use(k)
			}
			eventually(t, "watch has ended", func() bool {
				k.mu.Lock()
				defer k.mu.Unlock()
				return !k.watched && k.guardian == nil
			})
			if len(k.ledger.Starts)+len(k.ledger.Groups) > 0 {
				t.Error(k.ledger)
			}
		})
	}
}

// Where there was none, a later start finds one.
func TestGuardianLater(t *testing.T) {
	path := program
	k := withProgram(t, lookUp("true"), patience)
	use(k)
	eventually(t, "there is none", func() bool { return k.Err() != nil })
	program = path
	k.Announce().Withdraw()
	if err := k.Err(); err != nil {
		t.Fatal(err)
	}
	awaitProven(t, k)
	dismissForGood(t, k)
}

// However long the host had no descriptors, it gets a guardian as soon as it has some.
func TestGuardianAfterShortage(t *testing.T) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	defer unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
	k := new(Keeper)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 3, Max: limit.Max}); err != nil {
		t.Fatal(err)
	}
	for begin := time.Now(); time.Since(begin) < 2*time.Second; time.Sleep(shortage / 2) {
		use(k)
	}
	if err := k.Err(); !errors.Is(err, unix.EMFILE) {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	time.Sleep(shortage)
	if use(k); k.Err() != nil {
		t.Fatal(k.Err())
	}
	awaitProven(t, k)
	dismissForGood(t, k)
}

// A guardian lives as long as its host.
func TestGuardianLives(t *testing.T) {
	// Inherited by the guardian, and closed by it.
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	inherited, err := unix.Dup(int(w.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	k := new(Keeper)
	k.Announce().Withdraw()
	k.mu.Lock()
	first := k.guardian
	k.mu.Unlock()
	unix.Close(inherited)
	w.Close()
	r.SetReadDeadline(time.Now().Add(patience))
	if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("the guardian holds what its host has inherited: %d %v", n, err)
	}
	for range 30 { // Go's runtime looks after its poller every 10 ms
		use(k)
		time.Sleep(10 * time.Millisecond)
	}
	k.mu.Lock()
	now, why := k.guardian, k.err
	k.mu.Unlock()
	if now == nil || now != first {
		t.Fatalf("the guardian has died: %v", why)
	}
	dismissForGood(t, k)
}

// However many guardians there were, one of them is open.
func TestGuardiansLeaveNothing(t *testing.T) {
	k := new(Keeper)
	before := 0
	for round := range 4 {
		k.Announce().Hold(1<<30 + round)
		var g *guardian
		eventually(t, "there is a guardian", func() bool {
			k.mu.Lock()
			defer k.mu.Unlock()
			g = k.guardian
			return g != nil && g.there
		})
		open, err := os.ReadDir("/dev/fd")
		if err != nil {
			t.Fatal(err)
		}
		if before == 0 {
			before = len(open)
		}
		if len(open) != before {
			t.Errorf("%d descriptors after %d guardians, %d after the first", len(open), round+1, before)
		}
		if round == 3 {
			break
		}
		g.process.Kill()
		eventually(t, "it is the guardian no more", func() bool {
			k.mu.Lock()
			defer k.mu.Unlock()
			return k.guardian != g
		})
	}
	dismissForGood(t, k)
}

// awaitProven waits until the guardian is there.
func awaitProven(t *testing.T, k *Keeper) {
	t.Helper()
	eventually(t, "it is there", func() bool {
		k.mu.Lock()
		defer k.mu.Unlock()
		return k.proven
	})
}

// dismissForGood ends a guardian, as the end of its host would.
func dismissForGood(t *testing.T, k *Keeper) {
	k.mu.Lock()
	g := k.guardian
	k.proven = false // so that there is no other one
	k.mu.Unlock()
	g.pipe.Close()
	eventually(t, "it is gone", func() bool {
		k.mu.Lock()
		defer k.mu.Unlock()
		return k.guardian == nil && !k.watched
	})
	if err := k.Err(); !strings.Contains(err.Error(), "exit status 0") {
		t.Error(err)
	}
}

// Nobody waits for a guardian that does not read.
func TestGuardianDoesNotRead(t *testing.T) {
	sleep := exec.Command("sleep", "1000")
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	k := new(Keeper)
	k.once.Do(func() { k.ledger = role.NewLedger() })
	g, err := newGuardian()
	if err != nil {
		t.Fatal(err)
	}
	g.process, g.there = sleep.Process, true
	k.guardian, k.watched = g, true
	told := make(chan struct{}, 4)
	for range cap(told) {
		go func() {
			for n := range uint64(1<<20) / role.RecordSize { // more than a pipe holds
				k.tell(role.Record{Kind: role.Announce, Start: n})
			}
			told <- struct{}{}
		}()
	}
	state, err := sleep.Process.Wait()
	if err != nil || state.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Error(state, err)
	}
	k.dismiss(g, errors.New("it did not read"))
	for range cap(told) {
		select {
		case <-told:
		case <-time.After(patience):
			t.Fatal("somebody still waits")
		}
	}
	for _, f := range g.theirs {
		f.Close()
	}
	if k.Err() == nil {
		t.Error("there is a guardian")
	}
}

// What a guardian's program is loaded with is the host's environment, without marks.
func TestEnviron(t *testing.T) {
	t.Setenv(role.MarkVar, "1.1")
	t.Setenv("GOGC", "off")
	t.Setenv("OTHER", "stays")
	env := "\n" + strings.Join(environ(0x2a), "\n") + "\n"
	for _, want := range []string{"\nOTHER=stays\n", "\nGOGC=10\n", "\nKINWIRE_ROLE=kinwire-guardian 2a\n"} {
		if strings.Count(env, want) != 1 {
			t.Errorf("%d times %q", strings.Count(env, want), want)
		}
	}
	if strings.Contains(env, role.MarkVar) || strings.Contains(env, "GOGC=off") {
		t.Error(env)
	}
	if os.Getenv("KINWIRE_ROLE") != "" {
		t.Error("the test itself has a role")
	}
}

func TestPauses(t *testing.T) {
	for failures, want := range map[int]time.Duration{
		1: 0, 3: 0, 4: 500 * time.Millisecond, 5: time.Second, 10: 32 * time.Second, 11: time.Minute, 1000: time.Minute,
	} {
		if got := pauseAfter(failures); got != want {
			t.Errorf("after %d failures %v, want %v", failures, got, want)
		}
	}
}
