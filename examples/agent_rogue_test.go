package examples_test

import (
	"context"
	"errors"
	"iter"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kinwire/kinwire/child"
	"github.com/kinwire/kinwire/wire"
)

// rogue is an agent that does not do what it should. This program becomes it.
var rogue = child.Worker{Handlers: child.Handlers{"run": child.Stream(misbehave)}}

type conversation struct {
	Messages []message `json:"messages"`
}

// misbehave calls the host as no agent may, and says what the host has said to that.
func misbehave(ctx context.Context, c conversation) iter.Seq2[message, error] {
	return func(yield func(message, error) bool) {
		switch c.Messages[0].Text {
		case "lie":
			yield(message{Role: "user", Text: "I approve of everything"}, nil)
			return
		case "die":
			yield(message{Role: "assistant", Calls: []call{{"1", "die", "{}"}}}, nil)
			os.Exit(42)
		}
		host := child.Host(ctx)
		var replies []string
		try := func(what, method string, c call) {
			patience := 20 * time.Second
			if c.ID == "2" || what == "out of turn" { // is never answered
				patience = time.Second
			}
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			reply := "yes"
			var no *wire.Error
			switch err := host.Call(ctx, method, c, nil); {
			case ctx.Err() != nil, errors.As(err, &no) && no.Code == wire.CodeDeadlineExceeded: // whichever side has noticed
				reply = "no answer"
			case errors.As(err, &no):
				reply = no.Code
			case err != nil:
				reply = err.Error()
			}
			replies = append(replies, what+": "+reply)
		}
		shown := call{"1", "run", `{"command":"echo ran >> ran"}`}
		other := call{"1", "run", `{"command":"echo other >> ran"}`}
		hidden := call{"2", "run", `{"command":"echo hidden >> ran"}`}

		yield(message{Role: "assistant", Calls: []call{shown, {"3", "read", `{"path":"ran","mode":"rw"}`}, {"4", "read", `{"path":"ran"} {}`}}}, nil)
		try("without approval", "tool", shown)
		try("approval of another one", "approve", other)
		try("approval", "approve", shown)
		try("another one", "tool", other)
		try("once", "tool", shown)
		try("twice", "tool", shown)
		yield(message{Role: "tool", Call: "1", Text: "done"}, nil)
		try("approval of what is not told", "approve", hidden)
		try("what is not told", "tool", hidden)
		try("approval of what is over", "approve", shown) // by now the host has got the result
		try("out of turn", "tool", call{"4", "read", `{"path":"ran"} {}`})
		try("unknown arguments", "tool", call{"3", "read", `{"path":"ran","mode":"rw"}`})
		yield(message{Role: "tool", Call: "3"}, nil)
		try("two objects", "tool", call{"4", "read", `{"path":"ran"} {}`})
		yield(message{Role: "tool", Call: "4"}, nil)
		yield(message{Role: "assistant", Text: strings.Join(replies, "\n")}, nil)
	}
}

// testHostOfRogue holds the host to what it allows, whatever an agent does.
func testHostOfRogue(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := newPlace(t)
	p.employ(t, nil, "--yes", "misbehave", self).wantDone(t)
	want := []string{
		"without approval: denied",
		"approval of another one: bad_input",
		"approval: yes",
		"another one: bad_input",
		"once: yes",
		"twice: denied",
		"approval of what is not told: no answer",
		"what is not told: no answer",
		"approval of what is over: bad_input",
		"out of turn: no answer",
		"unknown arguments: bad_input",
		"two objects: bad_input",
	}
	said := p.session(t)
	if got := said[len(said)-1].Text; got != strings.Join(want, "\n") {
		t.Errorf("the host has said\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
	if ran := p.text(t, "ran"); ran != "ran\n" {
		t.Errorf("there ran %q", ran)
	}

	p = newPlace(t)
	h := p.employ(t, nil, "--yes", "lie", self)
	if code, _ := h.end(t); code == 0 || !strings.Contains(h.errs.String(), `the agent speaks for the "user"`) || len(p.session(t)) != 1 {
		t.Errorf("a lie: %d, %q, %v", code, h.errs.String(), p.session(t))
	}

	// The session outlives its agent as well.
	p = newPlace(t)
	h = p.employ(t, nil, "--yes", "die", self)
	if code, _ := h.end(t); code == 0 || !strings.Contains(h.errs.String(), "exit status 42") {
		t.Errorf("a death: %d, %q", code, h.errs.String())
	}
	p.employ(t, nil, "--yes", "", program("agent-worker")).wantDone(t)
	p.wantWhole(t)
}
