//go:build unix

package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// names returns what r lists.
func names(r *Registry) (all []string) {
	for _, each := range r.List() {
		all = append(all, each.Name)
	}
	return all
}

func TestRegistry(t *testing.T) {
	var r Registry
	begin := time.Now()
	one := start(t, Command{Args: []string{"sleep", "1000"}, Name: "one", Registry: &r})
	two := start(t, Command{Args: []string{"sleep", "1001"}, Name: "two", Registry: &r})
	run(t, Command{Args: []string{"true"}, Registry: &r})
	list := r.List()
	if len(list) != 2 || list[0].Process != one || list[1].Process != two {
		t.Fatalf("%+v", list)
	}
	if e := list[1]; e.Name != "two" || e.PID != two.PID() || !slices.Equal(e.Args, []string{"sleep", "1001"}) || e.Started.Before(begin) {
		t.Errorf("%+v", e)
	}
	if n, err := r.Stop(context.Background(), "one", "not wanted"); n != 1 || err != nil || one.Exit().Reason != "not wanted" {
		t.Errorf("stopped %d, %v, %v", n, err, one.Exit())
	}
	if n, err := r.Stop(context.Background(), "one", "not wanted"); n != 0 || err != nil || !slices.Equal(names(&r), []string{"two"}) {
		t.Errorf("stopped %d, %v, %v", n, err, names(&r))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := r.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	go two.Kill("enough")
	if err := r.Wait(context.Background()); err != nil || two.Exit() == nil || len(r.List()) != 0 {
		t.Errorf("%v, %v, %v", err, two.Exit(), names(&r))
	}
}

// All are stopped at the same time, the deaf as well as those that Run waits for.
func TestStopAll(t *testing.T) {
	var r Registry
	var runs sync.WaitGroup
	for range 5 {
		c := child(t, "deaf")
		c.Registry, c.Stop.Term = &r, 500*time.Millisecond
		start(t, c)
		runs.Go(func() {
			e, err := Run(context.Background(), Command{Args: []string{"sleep", "1000"}, Registry: &r})
			if err != nil || e.Reason != "shutdown" {
				t.Errorf("%v, %v", e, err)
			}
		})
	}
	eventually(t, "all run", func() bool { return len(r.List()) == 10 })
	if err := r.StopAll(context.Background(), "shutdown"); err != nil {
		t.Error(err)
	}
	runs.Wait()
	if left := names(&r); len(left) > 0 {
		t.Error(left)
	}
	if e := run(t, Command{Args: []string{"true"}, Registry: &r}); !e.Success() {
		t.Error(e)
	}
}

// However starts and Close meet, nothing is left running.
func TestCloseWhileStarting(t *testing.T) {
	for range 20 {
		var r Registry
		var starts sync.WaitGroup
		refused := make(chan error, 100)
		for range 4 {
			starts.Go(func() {
				for {
					_, err := Start(context.Background(), Command{Args: []string{"sleep", "1000"}, Registry: &r})
					if err != nil {
						refused <- err
						return
					}
				}
			})
		}
		time.Sleep(5 * time.Millisecond)
		if err := r.Close(context.Background(), "shutdown"); err != nil {
			t.Error(err)
		}
		starts.Wait()
		if left := names(&r); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
		for range 4 {
			var startErr *StartError
			if err := <-refused; !errors.As(err, &startErr) || startErr.Cause != CauseCaller || !errors.Is(err, ErrRegistryClosed) {
				t.Error(err)
			}
		}
	}
}

// What comes too late for its Registry leaves nothing, although it has run and exited: no
// rest that was to be kept, and no trace in the input.
func TestNothingIsLeftOfALateStart(t *testing.T) {
	var r Registry
	var input countingReader
	pids := filepath.Join(t.TempDir(), "pids")
	refused := make(chan error)
	r.mu.Lock()
	go func() {
		_, err := Start(context.Background(), Command{
			Args:     []string{"sh", "-c", "sleep 1000 & echo $$ $! >" + pids + "; exit 0"},
			Input:    &input,
			Rest:     KeepRest,
			Registry: &r,
		})
		refused <- err
	}()
	var leader, rest int
	eventually(t, "the leader has exited", func() bool {
		list, _ := os.ReadFile(pids)
		n, _ := fmt.Sscan(string(list), &leader, &rest)
		return n == 2 && isGone(leader)
	})
	r.closed = true
	r.mu.Unlock()
	if err := <-refused; !errors.Is(err, ErrRegistryClosed) {
		t.Fatal(err)
	}
	defer syscall.Kill(rest, syscall.SIGKILL)
	eventually(t, "the rest is gone", func() bool { return isGone(rest) })
	if n := input.reads.Load(); n > 0 {
		t.Errorf("the input was read %d times", n)
	}
}

// countingReader is an input without an end.
type countingReader struct{ reads atomic.Int64 }

func (r *countingReader) Read(b []byte) (int, error) {
	r.reads.Add(1)
	return len(b), nil
}
