package examples_test

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/parent"
	"github.com/kinwire/kinwire/wire"
)

// message is what agent-worker streams, and what agent-host keeps.
type message struct {
	Role   string `json:"role"`
	Text   string `json:"text"`
	Calls  []call `json:"calls"`
	Call   string `json:"call"`
	Job    string `json:"job"`
	Failed string `json:"failed"`
}

type call struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

type answer struct {
	Text string `json:"text"`
	Job  string `json:"job"`
}

// agentTools are what the host of these tests offers.
var agentTools = []object{
	{"name": "copy", "description": "copies", "approval": true, "parameters": object{
		"type": "object", "required": []string{"from", "to"}, "properties": object{"from": object{"type": "string"}, "to": object{"type": "string"}}}},
	{"name": "job", "description": "starts", "parameters": object{"type": "object", "required": []string{"command"}}},
}

// offer returns the spec of an agent whose host offers tools. approve may be nil: it approves.
func offer(approve func(context.Context, call) error, use func(context.Context, call) (answer, error)) parent.Spec {
	return parent.Spec{
		Handlers: exchange.Handlers{
			"tools": exchange.Func(func(context.Context, any) ([]object, error) { return agentTools, nil }),
			"approve": exchange.Func(func(ctx context.Context, c call) (bool, error) {
				if approve == nil {
					return true, nil
				}
				return true, approve(ctx, c)
			}),
			"tool": exchange.Func(use),
		},
		Stop: parent.Stop{Grace: 50 * time.Millisecond},
	}
}

// never is for tools that must not be used.
func never(t *testing.T) func(context.Context, call) (answer, error) {
	return func(_ context.Context, c call) (answer, error) {
		t.Errorf("%s %s was used", c.Name, c.Arguments)
		return answer{}, nil
	}
}

// work has the worker do a task, and returns what it says, and how that ends.
func work(ctx context.Context, w worker, method string, task any) (said []message, err error) {
	x, err := w.Open(ctx, method, task)
	if err != nil {
		return nil, err
	}
	for m, err := range exchange.Values[message](x) {
		if err != nil {
			return said, err
		}
		said = append(said, m)
	}
	return said, nil
}

// wantSaid has the worker do a task to its end, and compares what it says.
func wantSaid(t *testing.T, w worker, method string, task any, want ...message) {
	t.Helper()
	said, err := work(soon(t), w, method, task)
	if err != nil {
		t.Errorf("%v: %v", task, err)
	}
	if !reflect.DeepEqual(said, want) {
		t.Errorf("%v:\n%s\nwant:\n%s", task, listed(said), listed(want))
	}
}

func listed(said []message) string {
	var b strings.Builder
	for _, m := range said {
		fmt.Fprintf(&b, "%+v\n", m)
	}
	return b.String()
}

// calls is a message that asks for one tool.
func calls(text, id, name, arguments string) message {
	return message{Role: "assistant", Text: text, Calls: []call{{id, name, arguments}}}
}

func testAgentWorker(t *testing.T) {
	wantUsage(t, "agent-worker")
	t.Run("a script", testScript)
	t.Run("a job", testScriptWithJob)
	t.Run("a host without tools", testNoTools)
	t.Run("no task", testNoTask)
	t.Run("cancelled", testAgentCancelled)
	t.Run("a model", testModel)
}

func testScript(t *testing.T) {
	denied := func(_ context.Context, c call) error {
		if strings.Contains(c.Arguments, "secret") {
			return wire.Errorf("denied", "no")
		}
		return nil
	}
	w := start(t, "agent-worker", offer(denied, func(_ context.Context, c call) (answer, error) {
		if c.Name != "copy" {
			return answer{}, wire.Errorf("unknown_tool", "there is no tool %q", c.Name)
		}
		return answer{Text: "copied\n" + c.Arguments}, nil
	}))
	for _, method := range []string{"", "run"} {
		wantSaid(t, w, method, object{"task": " copy a b c ;; move it\n copy secret d"},
			calls("the tools to use: copy, move, copy", "call-1", "copy", `{"from":"a","to":"b c"}`),
			message{Role: "tool", Call: "call-1", Text: "copied\n" + `{"from":"a","to":"b c"}`},
			calls("", "call-3", "move", `{"input":"it"}`),
			message{Role: "tool", Call: "call-3", Text: `there is no tool "move"`, Failed: "unknown_tool"},
			calls("", "call-5", "copy", `{"from":"secret","to":"d"}`),
			message{Role: "tool", Call: "call-5", Text: "no", Failed: "denied"},
			message{Role: "assistant", Text: `copy a b c: copied {"from":"a","to":"b c"}` + "\nmove it: unknown_tool: there is no tool \"move\"\ncopy secret d: denied: no"})
	}
}

// testScriptWithJob has the end of a job go on with the script, in another worker.
func testScriptWithJob(t *testing.T) {
	use := func(_ context.Context, c call) (answer, error) {
		if c.Name == "job" {
			return answer{Text: "started", Job: "j1"}, nil
		}
		return answer{Text: "done"}, nil
	}
	said := []message{
		{Role: "user", Text: "job make all; copy a b"},
		calls("the tools to use: job, copy", "call-1", "job", `{"command":"make all"}`),
		{Role: "tool", Call: "call-1", Text: "started", Job: "j1"},
		{Role: "assistant", Text: "waiting for job j1"},
	}
	wantSaid(t, start(t, "agent-worker", offer(nil, use)), "run", object{"task": said[0].Text}, said[1:]...)
	ended := message{Role: "job", Job: "j1", Text: "job j1 failed\nout of cheese", Failed: "failed"}
	w := start(t, "agent-worker", offer(nil, use))
	wantSaid(t, w, "run", object{"messages": append(said, ended)},
		calls("", "call-5", "copy", `{"from":"a","to":"b"}`),
		message{Role: "tool", Call: "call-5", Text: "done"},
		message{Role: "assistant", Text: "job make all: failed: job j1 failed out of cheese\ncopy a b: done"})

	// It is no business of a script when another job ends, or its own after it was cancelled.
	wantSaid(t, w, "run", object{"messages": append(said, message{Role: "user", Text: "copy c d"}, ended)},
		message{Role: "assistant", Text: "noted: job j1 failed out of cheese"})
	wantSaid(t, w, "run", object{"messages": append(said, message{Role: "assistant", Text: "cancelled", Failed: "canceled"}, ended)},
		message{Role: "assistant", Text: "noted: job j1 failed out of cheese"})
}

func testNoTools(t *testing.T) {
	w := start(t, "agent-worker", parent.Spec{})
	for range 2 { // it lives on
		wantSaid(t, w, "", object{"task": "add 2 3"},
			calls("the tools to use: add", "call-1", "add", `{"input":"2 3"}`),
			message{Role: "tool", Call: "call-1", Text: `there is no method "tool"`, Failed: "unknown_method"},
			message{Role: "assistant", Text: `add 2 3: unknown_method: there is no method "tool"`})
	}
}

func testNoTask(t *testing.T) {
	w := start(t, "agent-worker", offer(nil, never(t)))
	for _, task := range []any{nil, "no object", object{}, object{"task": " ;\n"}, object{"messages": []message{{Role: "job", Job: "x"}}},
		object{"messages": []message{{Role: "user", Text: "a"}, {Role: "tool"}, {Role: "tool"}}}} {
		_, err := work(soon(t), w, "run", task)
		wantCode(t, err, wire.CodeBadInput)
	}
}

// testAgentCancelled ends a task in various ways, while a tool is in use, and while somebody
// is asked for his approval.
func testAgentCancelled(t *testing.T) {
	for _, at := range []string{"tool", "approval"} {
		for name, end := range map[string]func(cancel func(), w worker){
			"by the caller":   func(cancel func(), _ worker) { cancel() },
			"by a shutdown":   func(_ func(), w worker) { w.shutdown(t) },
			"by the deadline": func(func(), worker) {},
		} {
			t.Run(at+" "+name, func(t *testing.T) {
				busy, released := make(chan struct{}), make(chan error, 1)
				hang := func(ctx context.Context, _ call) error {
					close(busy)
					<-ctx.Done()
					released <- ctx.Err()
					return ctx.Err()
				}
				approve, use := hang, never(t)
				if at == "tool" {
					approve = nil
					use = func(ctx context.Context, c call) (answer, error) { return answer{}, hang(ctx, c) }
				}
				w := start(t, "agent-worker", offer(approve, use))
				ctx, cancel := context.WithCancel(soon(t))
				if name == "by the deadline" {
					ctx, cancel = context.WithTimeout(ctx, 2*time.Second)
				}
				defer cancel()
				ended := make(chan error, 1)
				var said []message
				go func() {
					var err error
					said, err = work(ctx, w, "run", object{"task": "copy a b; copy c d"})
					ended <- err
				}()
				received(t, "the use of the tool", busy)
				end(cancel, w)
				if err := received(t, "the end of the task", ended); err == nil || len(said) > 1 {
					t.Errorf("the task ended with %v after\n%s", err, listed(said))
				}
				if err := received(t, "the end of the tool", released); err == nil {
					t.Error("the tool was not told")
				}
				select {
				case <-w.Done():
				default:
					w.shutdown(t)
				}
				if w.logs.FilterMessage("the task was stopped").Len() != 1 {
					t.Error("the worker did not log that the task was stopped")
				}
			})
		}
	}
}
