//go:build unix

package guard

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kinwire/kinwire/internal/reexec"
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

// use is a whole life of a group.
func use(k *Keeper) {
	k.Announce().Withdraw()
	k.Announce().Hold(1 << 21)
	k.Release(1 << 21)
}

func TestNoGuardian(t *testing.T) {
	for name, c := range map[string]struct {
		path  func() (string, error)
		words string
	}{
		"ends at once":       {lookUp("true"), "ended before it was there: exit status 0"},
		"never greets":       {lookUp("sleep"), "not there after"}, // its argument is a pid, which is long enough
		"can't be executed":  {func() (string, error) { return "/none/such", nil }, "no such file"},
		"Go is only a guest": {func() (string, error) { return "", reexec.ErrImpossible }, "can't be started"},
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
			if len(k.ledger.starts)+len(k.ledger.groups) > 0 {
				t.Error(k.ledger)
			}
		})
	}
}

// Where there was none, a later start finds one.
func TestGuardianLater(t *testing.T) {
	k := withProgram(t, lookUp("true"), patience)
	use(k)
	eventually(t, "there is none", func() bool { return k.Err() != nil })
	program = reexec.Path
	k.Announce().Withdraw()
	if err := k.Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is there", func() bool {
		k.mu.Lock()
		defer k.mu.Unlock()
		return k.proven
	})
	dismissForGood(t, k)
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
	k.once.Do(func() { k.ledger = newLedger() })
	g, err := newGuardian()
	if err != nil {
		t.Fatal(err)
	}
	g.process, g.there = sleep.Process, true
	k.guardian, k.watched = g, true
	told := make(chan struct{}, 4)
	for range cap(told) {
		go func() {
			for n := range uint64(1<<20) / recordSize { // more than a pipe holds
				k.tell(record{kind: announce, start: n})
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
	t.Setenv(markVar, "1.1")
	t.Setenv("GOGC", "off")
	t.Setenv("OTHER", "stays")
	env := "\n" + strings.Join(environ(0x2a), "\n") + "\n"
	for _, want := range []string{"\nOTHER=stays\n", "\nGOGC=10\n", "\nKINWIRE_ROLE=kinwire-guardian 2a\n"} {
		if strings.Count(env, want) != 1 {
			t.Errorf("%d times %q", strings.Count(env, want), want)
		}
	}
	if strings.Contains(env, markVar) || strings.Contains(env, "GOGC=off") {
		t.Error(env)
	}
	if _, ok := reexec.Role(role); ok || os.Getenv("KINWIRE_ROLE") != "" {
		t.Error("the test itself is a guardian")
	}
}
