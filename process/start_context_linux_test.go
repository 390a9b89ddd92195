package process

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func init() {
	// lease takes a lease on a file, so that whoever opens it hangs as on a dead network
	// drive, until the child is killed or the kernel has had enough (45 s).
	children["lease"] = func(args []string) {
		signal.Ignore(unix.SIGIO) // by which the kernel asks for the lease
		f := must(os.Open(args[0]))
		if _, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
			fmt.Println("ready: no lease:", err)
			return
		}
		fmt.Println("ready: leased")
		time.Sleep(time.Hour)
	}
}

// A program in a file system that hangs keeps the caller no longer than its context allows,
// and harms nobody else: not other starts, and not the garbage collector.
func TestStartHangs(t *testing.T) {
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, must(os.ReadFile("/bin/true")), 0o755); err != nil {
		t.Fatal(err)
	}
	holder, h := startHeard(t, child(t, "lease", program))
	if got := h.await(t, Stdout, "ready:"); got != "leased" {
		t.Skip(got)
	}
	before := openDescriptors(t)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	begin := time.Now()
	c := Command{Args: []string{program}, Env: []string{"A=1"}, Input: os.Stdin}
	p, err := Start(ctx, c)
	c.Args[0], c.Env[0] = "mine", "again" // which the race detector holds against Start
	var startErr *StartError
	if !errors.As(err, &startErr) || startErr.Cause != CauseCaller || !errors.Is(err, context.DeadlineExceeded) || p != nil {
		t.Fatalf("process %v, error %v", p, err)
	}
	runtime.GC()
	if e := run(t, Command{Args: []string{"true"}}); !e.Success() {
		t.Error(e)
	}
	if held := time.Since(begin); held > patience {
		t.Errorf("the host was held up for %v", held)
	}
	if openDescriptors(t) == before {
		t.Error("the start did not hang: the test proves nothing")
	}
	holder.Kill("enough")
	end(t, holder)
	eventually(t, "all descriptors are closed", func() bool { return openDescriptors(t) <= before })
	if left := childrenLeft(t); len(left) > 0 {
		t.Errorf("the program was started after all: %v", left)
	}
}

// Whenever the context ends, either the caller has the process or nothing is left of it.
func TestStartIsGivenUpAtAnyMoment(t *testing.T) {
	rounds := 300
	if testing.Short() {
		rounds = 50
	}
	run(t, Command{Args: []string{"true"}})
	before, given := openDescriptors(t), 0
	for range rounds {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rand.Intn(1500))*time.Microsecond)
		p, err := Start(ctx, Command{Args: []string{"sleep", "1000"}})
		cancel()
		switch {
		case err == nil:
			p.Kill("enough")
			end(t, p)
		case !errors.Is(err, context.DeadlineExceeded):
			t.Fatal(err)
		default:
			given++
		}
	}
	t.Logf("%d of %d were given up", given, rounds)
	if given == 0 {
		t.Error("none was given up: the test proves nothing")
	}
	eventually(t, "no child is left", func() bool { return len(childrenLeft(t)) == 0 })
	eventually(t, "all descriptors are closed", func() bool { return openDescriptors(t) <= before })
}

// The caller may close his files as soon as he has given up: the start has its own.
func TestFilesOfAGivenUpStart(t *testing.T) {
	file := must(os.Create(filepath.Join(t.TempDir(), "out")))
	l, err := Command{Args: []string{"echo", "hello"}, Stdout: file}.prepare()
	if err != nil {
		t.Fatal(err)
	}
	file.Close()
	p, err := l.await(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	end(t, p)
	if got := must(os.ReadFile(file.Name())); string(got) != "hello\n" {
		t.Errorf("%q", got)
	}
}

func TestStartWithDeadContext(t *testing.T) {
	cause := errors.New("no time")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	_, err := Start(ctx, Command{Args: []string{"true"}})
	if !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
		t.Error(err)
	}
	if want := `start "true": given up: context canceled: no time`; err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
}

func init() {
	// crowded starts commands when its user may have no more processes.
	children["crowded"] = func([]string) {
		p := must(Start(context.Background(), Command{Args: []string{"true"}}))
		<-p.Done()
		spareThreads(16)
		var limit unix.Rlimit
		must(0, unix.Getrlimit(unix.RLIMIT_NPROC, &limit))
		before := countDescriptors(100)
		must(0, unix.Setrlimit(unix.RLIMIT_NPROC, &unix.Rlimit{Cur: 1, Max: limit.Max}))
		_, err := Start(context.Background(), Command{Args: []string{"true"}})
		must(0, unix.Setrlimit(unix.RLIMIT_NPROC, &limit)) // the runtime wants threads at its exit
		var startErr *StartError
		fmt.Println(errors.As(err, &startErr) && startErr.Cause == CauseHost, errors.Is(err, syscall.EAGAIN), countDescriptors(100)-before)
	}
}

// spareThreads makes the runtime keep so many threads that do nothing: it dies if it can't
// make one when it wants to.
func spareThreads(n int) {
	var all, done sync.WaitGroup
	all.Add(n)
	for range n {
		done.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			all.Done()
			all.Wait()
		})
	}
	done.Wait()
}

func TestFewProcesses(t *testing.T) {
	out := runUnprivileged(t, "crowded")
	if out != "true true 0\n" {
		t.Error(out)
	}
}
