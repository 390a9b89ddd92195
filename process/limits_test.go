//go:build unix

package process

import (
	"context"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func TestLimits(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		limits Limits
		want   Limit
		reason string
	}{
		"output":        {"while :; do echo 0123456789; done", Limits{Output: 10_000}, OutputLimit, "more than 10000 bytes of output"},
		"stderr counts": {"while :; do echo 0123456789 >&2; done", Limits{Output: 10_000}, OutputLimit, "more than 10000 bytes of output"},
		"first output":  {"sleep 1000", Limits{FirstOutput: 300 * time.Millisecond, Silence: time.Hour}, FirstOutputLimit, "no output within 300ms"},
		"silence":       {"echo hello; sleep 1000", Limits{FirstOutput: time.Hour, Silence: 300 * time.Millisecond}, SilenceLimit, "no output for 300ms"},
		"never said":    {"sleep 1000", Limits{Silence: 300 * time.Millisecond}, SilenceLimit, "no output for 300ms"},
		"total":         {"while :; do echo hello; sleep 0.01; done", Limits{Total: 500 * time.Millisecond, Silence: time.Hour}, TotalLimit, "still running after 500ms"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begin := time.Now()
			e, err := Run(context.Background(), Command{Args: []string{"sh", "-c", c.script}, Limits: c.limits})
			if err != nil || e.Limit != c.want || e.Reason != c.reason || !e.KilledByHost() {
				t.Errorf("%v, %v, limit %v, reason %q", err, e, e.Limit, e.Reason)
			}
			if at := max(c.limits.FirstOutput, c.limits.Total); at < time.Hour && time.Since(begin) < at {
				t.Errorf("stopped after %v", time.Since(begin))
			}
		})
	}
}

// What stays within its limits is left alone.
func TestLimitsAreKept(t *testing.T) {
	e, err := Run(context.Background(), Command{
		Args:   []string{"sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 0; do echo $i; sleep 0.05; done; exit 3"},
		Limits: Limits{Output: 20, FirstOutput: patience, Silence: patience, Total: patience},
	})
	if err != nil || e.Code != 3 || e.Limit != NoLimit || e.Reason != "" {
		t.Errorf("%v, %v, limit %v", err, e, e.Limit)
	}
}

// Not a byte more than the limit is handed out, and the tail shows what came then.
func TestOutputLimitIsExact(t *testing.T) {
	var got atomic.Int64
	e := run(t, Command{
		Args:    []string{"sh", "-c", "trap 'echo sorry; exit 4' TERM; while :; do echo 0123456789; done"},
		Limits:  Limits{Output: 10_001},
		OnChunk: func(c Chunk) { got.Add(int64(len(c.Data))) },
	})
	if e.Limit != OutputLimit || got.Load()+int64(e.Stdout.Missed) != 10_001 || e.Code != 4 {
		t.Errorf("%v, limit %v, got %d", e, e.Limit, got.Load())
	}
	if !strings.HasSuffix(string(e.Stdout.Tail), "sorry\n") {
		t.Errorf("the tail ends with %q", e.Stdout.Tail[max(0, len(e.Stdout.Tail)-20):])
	}
}

// What is over before it can be stopped has broken its limit all the same.
func TestOutputLimitOfTheFast(t *testing.T) {
	for size, want := range map[string]Limit{"10000": NoLimit, "10001": OutputLimit, "30000": OutputLimit} {
		var got atomic.Int64
		e := run(t, Command{
			Args:    []string{"head", "-c", size, "/dev/zero"},
			Limits:  Limits{Output: 10_000},
			OnChunk: func(c Chunk) { got.Add(int64(len(c.Data))) },
		})
		if e.Limit != want || got.Load() != 10_000 {
			t.Errorf("%s bytes: %v, limit %v, got %d", size, e, e.Limit, got.Load())
		}
	}
}

// The ladder of a limit is that of the command.
func TestLimitKillsTheDeaf(t *testing.T) {
	c := child(t, "deaf")
	c.Limits, c.Stop = Limits{FirstOutput: patience, Silence: 300 * time.Millisecond}, Ladder{Term: 50 * time.Millisecond}
	if e := run(t, c); e.Limit != SilenceLimit || e.Signal != syscall.SIGKILL {
		t.Errorf("%v, limit %v", e, e.Limit)
	}
}

// The limit is the reason only if it came first.
func TestLimitAfterAnotherReason(t *testing.T) {
	c := child(t, "deaf")
	c.Limits, c.Stop = Limits{Total: 500 * time.Millisecond}, Ladder{Term: 50 * time.Millisecond}
	p := start(t, c)
	p.Terminate("shutdown")
	if e := end(t, p); e.Limit != NoLimit || e.Reason != "shutdown" {
		t.Errorf("%v, limit %v", e, e.Limit)
	}
}

// looks is a watch with a beat of 1 s, and how to let it look.
func looks(l Limits) func(after time.Duration, reads int64) Limit {
	w := &watch{p: &Process{}, limits: l, beat: time.Second, last: time.Now()}
	now := w.last
	return func(after time.Duration, reads int64) Limit {
		now = now.Add(after)
		return w.look(now, reads)
	}
}

// Time in which the host did not run breaks no limit, and silence is not judged by the first
// look after.
func TestLimitsOfStalledHost(t *testing.T) {
	for _, l := range []Limits{{FirstOutput: 3 * time.Second}, {Silence: 3 * time.Second}, {Total: 5 * time.Second}} {
		look := looks(l)
		for i, step := range []struct {
			after  time.Duration
			broken bool
		}{{time.Second, false}, {time.Hour, false}, {time.Hour, false}, {time.Hour, false}, {time.Second, true}} {
			if got := look(step.after, 0); (got != NoLimit) != step.broken {
				t.Errorf("%+v, look %d: %v", l, i, got)
			}
		}
	}
}

// The total time has its limit also in a host that never gets to look in time.
func TestTotalOfStarvedHost(t *testing.T) {
	look := looks(Limits{Total: 3 * time.Second})
	for i, want := range []Limit{NoLimit, NoLimit, TotalLimit} {
		if got := look(3*time.Second, 0); got != want {
			t.Errorf("look %d: %v, want %v", i, got, want)
		}
	}
}

func TestSilenceBeginsAgain(t *testing.T) {
	look := looks(Limits{FirstOutput: 3 * time.Second, Silence: 2 * time.Second})
	for i, step := range []struct {
		reads int64
		want  Limit
	}{{0, NoLimit}, {0, NoLimit}, {1, NoLimit}, {1, NoLimit}, {2, NoLimit}, {2, NoLimit}, {2, SilenceLimit}} {
		if got := look(time.Second, step.reads); got != step.want {
			t.Errorf("look %d: %v, want %v", i, got, step.want)
		}
	}
}
