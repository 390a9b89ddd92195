package examples_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/parent"
	"github.com/kinwire/kinwire/wire"
)

type toolUse struct {
	Name  string   `json:"name"`
	Input []string `json:"input"`
}

type step struct {
	Step   int      `json:"step"`
	Kind   string   `json:"kind"`
	Text   string   `json:"text"`
	Tool   *toolUse `json:"tool"`
	Failed string   `json:"failed"`
}

// agent starts agent-worker under a host with that tool; nil: under one that has none.
func agent(t *testing.T, tool func(context.Context, toolUse) (string, error)) worker {
	var spec parent.Spec
	if tool != nil {
		spec.Handlers = exchange.Handlers{"tool": exchange.Func(tool)}
	}
	return start(t, "agent-worker", spec)
}

// wantSteps has the worker do a task, and compares its steps.
func wantSteps(t *testing.T, w worker, method, task string, want ...step) {
	t.Helper()
	x, err := w.Open(soon(t), method, object{"task": task})
	if err != nil {
		t.Fatal(err)
	}
	var got []step
	for s, err := range exchange.Values[step](x) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, s)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q:\n%s\nwant:\n%s", task, show(got), show(want))
	}
}

func show(steps []step) string {
	var b strings.Builder
	for _, s := range steps {
		fmt.Fprintf(&b, "%+v %+v\n", s, s.Tool)
	}
	return b.String()
}

func testAgentWorker(t *testing.T) {
	wantUsage(t, "agent-worker")

	t.Run("steps", func(t *testing.T) {
		var uses []toolUse // by one handler after the other
		w := agent(t, func(_ context.Context, u toolUse) (string, error) {
			uses = append(uses, u)
			if u.Name == "bad" {
				return "", wire.Errorf("no_luck", "it is bad")
			}
			return fmt.Sprintf("<%d>", len(uses)), nil
		})
		want := []toolUse{{"one", []string{"a", "b"}}, {"bad", []string{}}, {"two", []string{"<1>", "$2", "$9"}}}
		for _, method := range []string{"run", ""} {
			uses = nil
			wantSteps(t, w, method, " one a b;;bad \n two $1 $2 $9;",
				step{1, "think", "the tools to use: one, bad, two", nil, ""},
				step{2, "tool", "<1>", &want[0], ""},
				step{3, "tool", "it is bad", &want[1], "no_luck"},
				step{4, "tool", "<3>", &want[2], ""},
				step{5, "answer", "one a b = <1>; bad failed; two <1> $2 $9 = <3>", nil, ""})
			if !reflect.DeepEqual(uses, want) {
				t.Errorf("the tools were used so: %v", uses)
			}
		}
		for _, task := range []any{nil, "no object", object{}, object{"task": " ;\n"}} {
			x, err := w.Open(soon(t), "run", task)
			if err != nil {
				t.Fatal(err)
			}
			_, err = x.Recv()
			wantCode(t, err, wire.CodeBadInput)
		}
	})

	t.Run("a host without tools", func(t *testing.T) {
		w := agent(t, nil)
		for range 2 { // it lives on
			wantSteps(t, w, "", "add 2 3",
				step{1, "think", "the tools to use: add", nil, ""},
				step{2, "tool", `there is no method "tool"`, &toolUse{"add", []string{"2", "3"}}, "unknown_method"},
				step{3, "answer", "add 2 3 failed", nil, ""})
		}
	})

	t.Run("cancelled while a tool is in use", func(t *testing.T) {
		inUse, released := make(chan struct{}), make(chan error, 1)
		w := agent(t, func(ctx context.Context, u toolUse) (string, error) {
			close(inUse)
			<-ctx.Done()
			released <- context.Cause(ctx)
			return "", ctx.Err()
		})
		ctx, cancel := context.WithCancel(soon(t))
		x, err := w.Open(ctx, "run", object{"task": "wait; never reached"})
		if err != nil {
			t.Fatal(err)
		}
		received(t, "the use of the tool", inUse)
		cancel()
		for err == nil {
			_, err = x.Recv()
		}
		wantEnd(t, err, context.Canceled)
		received(t, "the end of the tool", released)
		w.shutdown(t)
		w.wantLog(t, "the task was stopped", object{"steps": 1, "why": "the caller gave up: context canceled"})
	})

	t.Run("cancelled between steps", func(t *testing.T) {
		w := agent(t, nil)
		x, err := w.Open(soon(t), "run", object{"task": "never reached", "pace_ms": 60_000})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := x.Recv(); err != nil {
			t.Fatal(err)
		}
		x.Close()
		w.shutdown(t)
		w.wantLog(t, "the task was stopped", object{"steps": 1, "why": "the caller gave up: context canceled"})
	})

	t.Run("out of time", func(t *testing.T) {
		w := agent(t, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		x, err := w.Open(ctx, "run", object{"task": "never reached", "pace_ms": 60_000})
		for err == nil {
			_, err = x.Recv()
		}
		if err == io.EOF {
			t.Error("the task was done")
		}
		w.shutdown(t)
		if w.logs.FilterMessage("the task was stopped").Len() != 1 {
			t.Error("the worker did not log that the task was stopped")
		}
	})

	t.Run("shut down", func(t *testing.T) {
		w := start(t, "agent-worker", parent.Spec{Stop: parent.Stop{Grace: 50 * time.Millisecond}})
		x, err := w.Open(soon(t), "run", object{"task": "never reached", "pace_ms": 60_000})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := x.Recv(); err != nil {
			t.Fatal(err)
		}
		w.shutdown(t)
		_, err = x.Recv()
		wantCode(t, err, wire.CodeCanceled)
	})
}

func testAgentHost(t *testing.T) {
	out, stderr, code := run(t, "agent-host", "add 2 3; add $1 0.5; upper done by $2; bogus; add x; wait 1ms; now", program("agent-worker"))
	want := `1 think   the tools to use: add, add, upper, bogus, add, wait, now
2 tool    5
3 tool    5.5
4 tool    DONE BY 5.5
5 tool    failed: there is no tool "bogus" (unknown_tool)
6 tool    failed: "x" is no number (bad_input)
7 tool    waited 1ms
8 tool    20`
	if !strings.HasPrefix(out, want) || !strings.Contains(out, "\n9 answer  add 2 3 = 5; ") || code != 0 {
		t.Errorf("it printed\n%s\nand exited with %d; on stderr:\n%s", out, code, stderr)
	}
	wantRun(t, "agent-host", nil, "", "usage: ", 1)
	wantRun(t, "agent-host", []string{"now", program("echo-worker")}, "", `there is no method "run"`, 1)

	if runtime.GOOS == "windows" {
		return // which has no way to send an interrupt
	}
	cmd := exec.CommandContext(soon(t), program("agent-host"), "wait 60s", program("agent-worker"))
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs strings.Builder
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := stdout.Read(make([]byte, 1)); err != nil { // a step: the task is under way
		t.Error(err)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Error(err)
	}
	if _, err := io.Copy(io.Discard, stdout); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 1 || !strings.Contains(errs.String(), "the task was stopped") {
		t.Errorf("after an interrupt: %v; on stderr:\n%s", err, errs.String())
	}
}
