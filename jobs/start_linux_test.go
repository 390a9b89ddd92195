package jobs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kinwire/kinwire/process"
)

func TestEnds(t *testing.T) {
	s := newStore(t)
	for name, c := range map[string]struct {
		spec   Spec
		state  State
		code   int // -1: none
		signal string
		reason string
	}{
		"success":       {sh("exit 0"), Succeeded, 0, "", ""},
		"failure":       {sh("exit 42"), Failed, 42, "", ""},
		"as by a shell": {sh("exit 137"), Failed, 137, "", ""},
		"signal":        {sh("kill -KILL $$"), Failed, -1, "SIGKILL", ""},
		"crash":         {sh("kill -SEGV $$"), Failed, -1, "SIGSEGV", ""},
		"time":          {Spec{Args: []string{"sleep", "1000"}, MaxRuntime: 200 * time.Millisecond}, TimedOut, -1, "SIGTERM", "still running after 200ms"},
		"time, deaf": {Spec{Script: "trap '' TERM\nwhile :; do sleep 0.1; done", MaxRuntime: 200 * time.Millisecond,
			Stop: process.Ladder{Term: 300 * time.Millisecond}}, TimedOut, -1, "SIGKILL", "still running after 200ms"},
		"time, and well": {Spec{Script: "trap 'exit 0' TERM\nwhile :; do sleep 0.1; done", MaxRuntime: 200 * time.Millisecond}, TimedOut, 0, "", "still running after 200ms"},
		"output":         {Spec{Args: []string{"yes"}, OutputLimit: 1000}, Failed, -1, "SIGTERM", "more than 1000 bytes of output"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun := time.Now().Add(-time.Second)
			r := run(t, s, c.spec)
			code := -1
			if r.ExitCode != nil {
				code = *r.ExitCode
			}
			if r.State != c.state || code != c.code || r.Signal != c.signal || r.Reason != c.reason {
				t.Errorf("%s; state %s, code %d, signal %q, reason %q", r.Summary(), r.State, code, r.Signal, r.Reason)
			}
			if r.StartedAt.Before(begun) || r.EndedAt.Before(r.StartedAt) || r.EndedAt.After(time.Now().Add(time.Second)) || r.Duration <= 0 {
				t.Errorf("from %v to %v, which is %v", r.StartedAt, r.EndedAt, r.Duration)
			}
			if r.FollowUp.State != PendingFollowUp || r.PID != 0 {
				t.Errorf("%+v", r)
			}
		})
	}
}

// What the command gets, and what it does not.
func TestWhatACommandGets(t *testing.T) {
	s := newStore(t)
	dir := t.TempDir()
	t.Setenv("FROM_HOST", "host")
	t.Setenv("KINWIRE_GUARD", "1.2")
	held, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	leak := dupWithoutCloseOnExec(t, held)
	r := run(t, s, Spec{
		Script: `pwd; echo "$FROM_HOST $OWN $KINWIRE_JOB $KINWIRE_GUARD$KINWIRE_RECORDER."; cat; ls /proc/$$/fd | tr '\n' ' '; ps -o sid= -p $$ | tr -d ' ' >/dev/null; cut -d' ' -f6 /proc/$$/stat; echo $$`,
		Args:   []string{"bash"}, Dir: dir, Env: []string{"OWN=own", "KINWIRE_JOB=x"}, Stdin: []byte("input\n"),
	})
	wantState(t, r, Succeeded)
	lines := strings.Split(printed(t, s, r.ID), "\n")
	want := []string{dir, "host own " + r.ID + " .", "input"}
	if !slices.Equal(lines[:3], want) {
		t.Errorf("%q, want %q", lines[:3], want)
	}
	fds, session, _ := strings.Cut(lines[3], " "+lines[4]) // it leads its session
	if session != "" || slices.Contains(strings.Fields(fds), leak) {
		t.Errorf("it has the descriptors and the session %q, and is %s; %s is the host's", lines[3], lines[4], leak)
	}
	if read(s.job(r.ID).file(stdinName)) != "" {
		t.Error("its input is still on the disk")
	}
}

// What is no UTF-8 reaches the command as it is, though JSON has no form for it.
func TestBytesThatAreNoText(t *testing.T) {
	s := newStore(t)
	dir := filepath.Join(t.TempDir(), "d\xff")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	r := run(t, s, Spec{Args: []string{"sh", "-c", `printf '%s\n' "$0" "$PWD" "$X"`, "a\xfe"}, Dir: dir, Env: []string{"X=x\xfd", "PWD="}})
	var out strings.Builder
	must(s.CopyOutput(&out, r.ID, 0))(t)
	if out.String() != "a\xfe\n"+dir+"\nx\xfd\n" {
		t.Errorf("%q", out.String())
	}
	if strings.Contains(read(s.job(start(t, s, sh("true")).ID).file(requestName)), "base64") {
		t.Error("text is kept twice")
	}
}

func TestEmptyEnvironment(t *testing.T) {
	s := newStore(t)
	r := run(t, s, Spec{Args: []string{"/usr/bin/env"}, EnvBase: process.EmptyEnv, Env: []string{"A=b"}})
	if got, want := printed(t, s, r.ID), "A=b\nKINWIRE_JOB="+r.ID+"\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// Limits hold in the command, and not in its recorder.
func TestResourceLimits(t *testing.T) {
	s := newStore(t)
	r := run(t, s, Spec{Script: "ulimit -n; head -c 2000000 /dev/zero; head -c 2000 /dev/zero >f", Dir: t.TempDir(), Rlimits: []process.Rlimit{
		{Resource: process.LimitOpenFiles, Soft: 33}, {Resource: process.LimitFileSize, Soft: 1000},
	}})
	if r.State != Failed || !strings.HasPrefix(printed(t, s, r.ID), "33\n") || r.OutputBytes < 2000000+3 || r.Note != "" {
		t.Errorf("%+v", r)
	}
}

// A command that runs out of memory in a cgroup has that in its record.
func TestOutOfMemory(t *testing.T) {
	dir, err := process.HostCgroup()
	if err != nil {
		t.Skip(err)
	}
	s := newStore(t)
	r, err := s.Start(within(t), Spec{
		Args:   []string{"tail", "/dev/zero"}, // which looks for the last line
		Cgroup: process.Cgroup{Dir: dir, MemoryMax: 20 << 20},
	})
	if err != nil {
		t.Skip(err)
	}
	if r = wait(t, s, r.ID); r.State != Failed || r.Signal != "SIGKILL" || r.OutOfMemory != "yes" || !strings.Contains(r.Summary(), "for want of memory") {
		t.Errorf("%s: %+v", r.Summary(), r)
	}
}

// What can't be started is an error, and leaves nothing.
func TestCannotStart(t *testing.T) {
	s := newStore(t)
	for name, c := range map[string]struct {
		spec  Spec
		words string
	}{
		"nothing":       {Spec{}, "neither Args nor Script"},
		"no name":       {Spec{Args: []string{""}}, "is empty"},
		"NUL":           {Spec{Args: []string{"a\x00b"}}, "NUL byte"},
		"no program":    {Spec{Args: []string{"nosuch"}}, "not found"},
		"no directory":  {Spec{Args: []string{"true"}, Dir: "/none/such"}, "/none/such"},
		"no program it": {Spec{Args: []string{"/etc/passwd"}}, "permission denied"},
		"bad limit":     {Spec{Args: []string{"true"}, Rlimits: []process.Rlimit{{Resource: 99}}}, "resource 99"},
		"bad cgroup":    {Spec{Args: []string{"true"}, Cgroup: process.Cgroup{Dir: "/proc"}}, "cgroup"},
		"too large":     {Spec{Args: []string{"true"}, Env: []string{"A=" + strings.Repeat("x", maxFile)}}, "too much"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := s.Start(within(t), c.spec)
			if err == nil || !strings.Contains(err.Error(), c.words) || r.ID != "" {
				t.Errorf("%v, %+v", err, r)
			}
		})
	}
	if _, err := s.Start(within(t), Spec{Args: []string{"nosuch"}}); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	entries := must(os.ReadDir(s.dir))(t)
	if len(entries) > 0 {
		t.Errorf("left: %v", entries)
	}
}

func TestStartWithEndedContext(t *testing.T) {
	s := newStore(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Start(ctx, sh("true")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// However early a start is given up, the job is recorded, and ends.
func TestStartIsGivenUp(t *testing.T) {
	s := newStore(t)
	for i := range 20 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i)*4*time.Millisecond)
		r, err := s.Start(ctx, sh("sleep 1000"))
		cancel()
		switch {
		case err == nil:
			wantState(t, must(s.Kill(within(t), r.ID, "enough"))(t), Killed)
		case !errors.Is(err, context.DeadlineExceeded):
			t.Error(err)
		case r.ID != "":
			if r = wait(t, s, r.ID); r.State != Killed {
				t.Error(r.Summary())
			}
		}
	}
	for _, r := range must(s.List(Filter{}))(t) {
		wantState(t, wait(t, s, r.ID), Killed)
	}
}

func TestManyStartsAtOnce(t *testing.T) {
	s := newStore(t)
	const many = 30
	var starts sync.WaitGroup
	for range many {
		starts.Go(func() {
			if _, err := s.Start(context.Background(), sh("sleep 0.2; exit 7")); err != nil {
				t.Error(err)
			}
		})
	}
	starts.Wait()
	records := must(s.List(Filter{}))(t)
	if len(records) != many {
		t.Fatalf("%d jobs", len(records))
	}
	for _, r := range records {
		if r = wait(t, s, r.ID); r.State != Failed || r.ExitCode == nil || *r.ExitCode != 7 {
			t.Error(r.Summary())
		}
	}
}

// A command that has ended before anybody could look is no other.
func TestFastExits(t *testing.T) {
	s := newStore(t)
	many := 60
	if soaking() {
		many = 1000
	}
	var starters sync.WaitGroup
	for range 4 {
		starters.Go(func() {
			for range many / 4 {
				r, err := s.Start(context.Background(), Spec{Args: []string{"true"}})
				if err == nil {
					r, err = s.Wait(context.Background(), r.ID)
				}
				if err != nil || r.State != Succeeded || *r.ExitCode != 0 {
					t.Error(err, r.Summary())
				}
			}
		})
	}
	starters.Wait()
	if records := must(s.List(Filter{State: Succeeded}))(t); len(records) != many {
		t.Errorf("%d of %d", len(records), many)
	}
}

// What one prints is for the owner's eyes only, and for his at any rate.
func TestFilesArePrivate(t *testing.T) {
	dir := t.TempDir()
	for _, mask := range []int{0, 0o777} {
		old := umask(mask)
		defer umask(old)
		s := must(Open(fmt.Sprintf("%s/%o", dir, mask)))(t)
		r := run(t, s, Spec{Script: "echo secret", Stdin: []byte("x")})
		if err := s.Ack(r.ID); err != nil {
			t.Fatal(err)
		}
		must(s.Kill(within(t), start(t, s, sh("sleep 1000")).ID, ""))(t)
		filepath.Walk(s.dir, func(path string, info os.FileInfo, err error) error {
			want := os.FileMode(0o600)
			if info.IsDir() {
				want = 0o700
			}
			if err != nil || info.Mode().Perm() != want {
				t.Errorf("%s: %v, %v", path, info.Mode(), err)
			}
			return nil
		})
	}
}

// However many jobs a host has, they cost it nothing.
func TestHostHoldsNothing(t *testing.T) {
	s := newStore(t)
	start(t, s, sh("sleep 1000"))
	before := len(must(os.ReadDir("/proc/self/fd"))(t))
	for range 5 {
		start(t, s, sh("sleep 1000"))
	}
	if after := len(must(os.ReadDir("/proc/self/fd"))(t)); after != before {
		t.Errorf("%d descriptors, %d before", after, before)
	}
	if own := childrenByParent(); len(own) > 0 {
		t.Errorf("children of the host: %v", own)
	}
}
