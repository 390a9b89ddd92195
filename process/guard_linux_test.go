package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kinwire/kinwire/internal/languages"
)

// members are the pids of what a host has started, by group.
type members map[string][]int

// host starts a host, and waits until its groups are as they should be.
func host(t *testing.T, name string, args ...string) (*Process, members) {
	t.Helper()
	p, h := startHeard(t, child(t, name, args...))
	h.await(t, Stdout, "ready")
	return p, read(t, h)
}

// read returns what a host has told so far, and sees to that nothing of it outlives the test.
func read(t *testing.T, h *heard) members {
	t.Helper()
	all := make(members)
	for _, line := range h.all(Stdout) {
		name, pid, ok := strings.Cut(line, " ")
		if name == "error" {
			t.Error(line)
		} else if ok {
			all[name] = append(all[name], number(t, pid))
		}
	}
	t.Cleanup(func() {
		for _, pids := range all {
			for _, pid := range pids {
				if t.Failed() && !isGone(pid) {
					syscall.Kill(pid, syscall.SIGKILL)
				}
			}
		}
	})
	return all
}

// areThere checks that all members live.
func (m members) areThere(t *testing.T) {
	t.Helper()
	for name, pids := range m {
		for _, pid := range pids {
			if isGone(pid) {
				t.Errorf("a member of %s is gone too early", name)
			}
		}
	}
}

// areGone waits until no member lives.
func (m members) areGone(t *testing.T) {
	t.Helper()
	begin, count := time.Now(), 0
	for name, pids := range m {
		for _, pid := range pids {
			count++
			eventually(t, fmt.Sprintf("a member of %s is gone", name), func() bool { return isGone(pid) })
		}
	}
	t.Logf("%d processes were gone after %v", count, time.Since(begin).Round(100*time.Microsecond))
}

// all are the groups that can be started here.
func all(t *testing.T) (names []string) {
	for name, args := range groups {
		if name == "runaway" {
			continue
		}
		if _, err := exec.LookPath(args[0]); err != nil {
			languages.SkipPart(t, err)
			continue
		}
		names = append(names, name)
	}
	if len(names) < 6 {
		t.Fatal(names)
	}
	slices.Sort(names)
	return names
}

// Whatever a host dies of, nothing in the groups that it has started outlives it.
func TestNothingOutlivesTheHost(t *testing.T) {
	for _, way := range []string{"kill", "panic", "exit", "abort", "quit", "return"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			p, started := host(t, "guarded", append([]string{way}, all(t)...)...)
			for _, pid := range started["stop"] {
				eventually(t, "it is stopped", func() bool { return state(pid) == "T" })
			}
			started.areThere(t)
			started["guardian"] = []int{guardianOf(p.PID())}
			if way == "kill" {
				syscall.Kill(p.PID(), syscall.SIGKILL)
			} else {
				syscall.Kill(p.PID(), syscall.SIGUSR1)
			}
			await(t, "the host is dead", p.Exited())
			started.areGone(t)
		})
	}
}

// A host may die at any step of a start.
func TestHostDiesDuringStart(t *testing.T) {
	for _, step := range []string{"announced", "forked", "held"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "pids")
			p, h := startHeard(t, child(t, "guarded-step", step, file))
			if e := end(t, p); e.Signal != syscall.SIGKILL {
				t.Fatal(e)
			}
			started := read(t, h)
			if len(started["idle"]) == 0 {
				t.Fatal("it has started nothing before")
			}
			pids, err := os.ReadFile(file)
			if (err == nil) != (step != "announced") {
				t.Fatalf("%q %v", pids, err)
			}
			for _, pid := range strings.Fields(string(pids)) {
				started[step] = append(started[step], number(t, pid))
			}
			started.areGone(t)
		})
	}
}

// Once the leader is about to be reaped, the guardian does not know the group any more:
// whoever gets the id next is not killed.
func TestReleasedBeforeReaped(t *testing.T) {
	p, h := startHeard(t, child(t, "guarded-reap"))
	end(t, p)
	started := read(t, h)
	stranger := started["stranger"]
	delete(started, "stranger")
	if len(stranger) != 1 || len(started["idle"]) == 0 || len(started["guardian"]) != 1 {
		t.Fatal(started, stranger)
	}
	defer syscall.Kill(stranger[0], syscall.SIGKILL)
	started.areGone(t) // the guardian has done what it does
	if isGone(stranger[0]) {
		t.Error("a stranger was killed, who had got the group's id")
	}
}

// A guardian that dies is replaced, and the next one knows all.
func TestGuardianIsReplaced(t *testing.T) {
	p, started := host(t, "guarded", "kill", "idle", "wrap")
	for range 6 { // more than come at once
		before := guardianOf(p.PID())
		syscall.Kill(before, syscall.SIGKILL)
		eventually(t, "there is another guardian", func() bool {
			now := guardianOf(p.PID())
			return now != 0 && now != before && !isGone(now)
		})
	}
	started.areThere(t)
	syscall.Kill(p.PID(), syscall.SIGKILL)
	started.areGone(t)
}

// A guardian that somebody stops goes on.
func TestGuardianIsStopped(t *testing.T) {
	p, started := host(t, "guarded", "kill", "idle", "wrap")
	guardian := guardianOf(p.PID())
	for range 3 {
		syscall.Kill(guardian, syscall.SIGSTOP)
		eventually(t, "it goes on", func() bool { return state(guardian) == "S" })
	}
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGPIPE, syscall.SIGUSR1, syscall.SIGTSTP} {
		syscall.Kill(guardian, sig)
	}
	syscall.Kill(p.PID(), syscall.SIGKILL)
	started.areGone(t)
}

// A guardian that is stopped just when its host dies is woken by the kernel.
func TestGuardianIsStoppedAsTheHostDies(t *testing.T) {
	for range 20 {
		p, started := host(t, "guarded", "kill", "idle", "wrap")
		syscall.Kill(guardianOf(p.PID()), syscall.SIGSTOP)
		syscall.Kill(p.PID(), syscall.SIGKILL)
		started.areGone(t)
	}
}

// So is one that is stopped while its host is stopped, too.
func TestGuardianIsStoppedWithTheHost(t *testing.T) {
	p, started := host(t, "guarded", "kill", "idle", "wrap")
	guardian := guardianOf(p.PID())
	eventually(t, "it ignores what one can ignore", func() bool {
		name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", guardian))
		return string(name) == "kinwire-guard\n"
	})
	for _, pid := range []int{p.PID(), guardian} {
		syscall.Kill(pid, syscall.SIGSTOP)
		eventually(t, "it is stopped", func() bool { return state(pid) == "T" })
	}
	syscall.Kill(p.PID(), syscall.SIGKILL)
	started.areGone(t)
}

// Many groups are not too many.
func TestManyGroups(t *testing.T) {
	n := 200
	if testing.Short() {
		n = 50
	}
	p, started := host(t, "guarded-many", strconv.Itoa(n))
	if len(started["idle"]) != 2*n {
		t.Fatal(len(started["idle"]))
	}
	started.areThere(t)
	syscall.Kill(p.PID(), syscall.SIGKILL)
	started.areGone(t)
}

// An ordinary user has a guardian as well.
func TestUnprivilegedHost(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("all the others ran as an ordinary user")
	}
	home := t.TempDir()
	binary := filepath.Join(home, "self")
	if err := errors.Join(os.Chmod(filepath.Dir(home), 0o755), os.Chmod(home, 0o755),
		os.WriteFile(binary, must(os.ReadFile(must(os.Executable()))), 0o755)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, append([]string{"kill"}, all(t)...)...)
	cmd.Env = append(os.Environ(), childVar+"=guarded", "GORACE=atexit_sleep_ms=0")
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	h := newHeard()
	cmd.Stdout = writerFunc(func(b []byte) (int, error) {
		for line := range strings.Lines(string(b)) {
			h.onLine(Line{Stream: Stdout, Text: []byte(strings.TrimSpace(line))})
		}
		return len(b), nil
	})
	if err := cmd.Start(); errors.Is(err, os.ErrPermission) {
		t.Skipf("this test needs the right to become another user: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	h.await(t, Stdout, "ready")
	started := read(t, h)
	started.areThere(t)
	cmd.Process.Kill()
	started.areGone(t)
}

// writerFunc is an io.Writer.
type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// What leaves the group of a command that runs is out of reach, and said to be.
func TestRunawayOutlivesTheHost(t *testing.T) {
	p, h := startHeard(t, child(t, "guarded", "kill", "idle", "runaway"))
	h.await(t, Stdout, "ready")
	started := read(t, h)
	started["guardian"] = []int{guardianOf(p.PID())} // once it is gone nobody will be killed
	runaway := started["runaway"]
	delete(started, "runaway")
	if len(runaway) != 1 {
		t.Fatal(runaway)
	}
	defer syscall.Kill(-runaway[0], syscall.SIGKILL) // it leads a session
	syscall.Kill(p.PID(), syscall.SIGKILL)
	started.areGone(t)
	if isGone(runaway[0]) {
		t.Error("it was killed, which is better than the package comment says")
	}
}

// A variable that makes a guardian makes none of those who inherit it by accident.
func TestStrayRole(t *testing.T) {
	const stray = "KINWIRE_ROLE=kinwire-guardian 2a"
	c := child(t, "facts", "KINWIRE_ROLE")
	c.Env = append(c.Env, stray)
	e := run(t, c)
	if want := `KINWIRE_ROLE="" false`; !e.Success() || !strings.Contains(string(e.Stdout.Tail), want) {
		t.Errorf("%v: %q", e, e.Stdout.Tail)
	}

	// Not even if it is called like one, and has a pipe.
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	fmt.Fprintln(w, "what has this to do with a greeting?")
	w.Close()
	cmd := exec.Command(must(os.Executable()))
	cmd.Args[0] = "kinwire-guardian"
	cmd.Env = append(os.Environ(), childVar+"=exit", stray)
	cmd.Args = append(cmd.Args, "7")
	cmd.ExtraFiles = []*os.File{r}
	if cmd.Run(); cmd.ProcessState.ExitCode() != 7 {
		t.Error(cmd.ProcessState)
	}
}
