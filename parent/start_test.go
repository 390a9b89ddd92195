//go:build unix

package parent

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/transport/socketpair"
	"github.com/kinwire/kinwire/transport/stdio"
	"github.com/kinwire/kinwire/wire"
)

// How a start fails: with what is no worker, with one that is broken, and when it is cancelled.

var links = map[string]transport.Transport{"socketpair": socketpair.Transport{}, "stdio": stdio.Transport{}}

// overAll runs a test over every transport.
func overAll(t *testing.T, f func(*testing.T, transport.Transport)) {
	for name, link := range links {
		t.Run(name, func(t *testing.T) { f(t, link) })
	}
}

func TestNoWorkers(t *testing.T) {
	const short = 2 * time.Second // in which a program is loaded and prints
	command := func(args ...string) Spec { return Spec{Command: args} }
	for _, test := range []struct {
		name  string
		spec  Spec
		link  transport.Transport
		is    error
		says  []string
		state process.State // Unknown: any
	}{
		{"true", command("true"), socketpair.Transport{}, ErrNoHandshake, []string{"ended before it had answered", "exit status 0"}, process.Exited},
		{"true", command("true"), stdio.Transport{}, ErrNoHandshake, []string{"ended before it had answered", "exit status 0"}, process.Exited},
		{"cat", command("cat"), stdio.Transport{}, nil, []string{"not the protocol", "sender", "Initialize from the child"}, process.Unknown},
		{"sleep", command("sleep", "1000"), socketpair.Transport{}, ErrNoHandshake, []string{"within 2s", "is it a kinwire worker?"}, process.Signaled},
		{"yes", command("yes"), stdio.Transport{}, nil, []string{"not the protocol", "frame-length"}, process.Signaled},
		{"yes", command("yes"), socketpair.Transport{}, ErrNoHandshake, []string{"within 2s", `it printed: "y\ny`}, process.Signaled},
		{"garbage", program("garbage"), stdio.Transport{}, nil, []string{"not the protocol", "frame-length"}, process.Unknown},
		{"words", program("words"), socketpair.Transport{}, ErrNoHandshake, []string{"exit status 3", `"no such table: users"`}, process.Exited},
		{"words", program("words"), stdio.Transport{}, ErrNoHandshake, []string{"exit status 3", `"no such table: users"`}, process.Exited},
		{"no handshake", program("no handshake"), socketpair.Transport{}, ErrNoHandshake, []string{"within 2s", `"still busy"`}, process.Signaled},
		{"half a handshake", program("half handshake"), socketpair.Transport{}, ErrNoHandshake, []string{"exit status 7"}, process.Exited},
		{"slow init", program("slow init"), stdio.Transport{}, ErrNoHandshake, []string{"within 2s", `"loading"`}, process.Signaled},
		{"escape", command("sh", "-c", "setsid sleep 5 & exit 4"), socketpair.Transport{}, ErrNoHandshake, []string{"exit status 4"}, process.Exited},
		{"a shell with words", command("sh", "-c", "echo out; echo err >&2; kill -9 $$"), socketpair.Transport{}, ErrNoHandshake, []string{"killed by SIGKILL (not sent by the host)", `"err"`}, process.Signaled},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			spec := test.spec
			spec.Transport = test.link
			if strings.HasPrefix(test.says[0], "within") {
				spec.StartTimeout = short
			}
			_, err := Start(t.Context(), spec)
			var failed *StartError
			if !errors.As(err, &failed) || failed.Exit == nil || test.state != process.Unknown && failed.Exit.State != test.state || test.is != nil && !errors.Is(err, test.is) {
				t.Fatalf("%v", err)
			}
			for _, words := range test.says {
				if !strings.Contains(err.Error(), words) {
					t.Errorf("%v; want %q in it", err, words)
				}
			}
		})
	}
}

func TestNothingToStart(t *testing.T) {
	for _, test := range []struct {
		spec Spec
		is   error
	}{
		{Spec{Command: []string{"/nowhere/at/all"}}, fs.ErrNotExist},
		{Spec{Command: []string{"/"}}, nil},
		{Spec{Command: []string{"true"}, Dir: "/nowhere"}, fs.ErrNotExist},
	} {
		_, err := Start(t.Context(), test.spec)
		var failed *process.StartError
		if !errors.As(err, &failed) || test.is != nil && !errors.Is(err, test.is) {
			t.Errorf("%v: %v", test.spec.Command, err)
		}
	}
	_, err := Start(t.Context(), Spec{})
	var failed *StartError
	if !errors.As(err, &failed) || !strings.Contains(err.Error(), "Spec.Command is empty") {
		t.Errorf("no command: %v", err)
	}
}

func TestInitFails(t *testing.T) {
	overAll(t, func(t *testing.T, link transport.Transport) {
		spec := program("bad init")
		spec.Transport = link
		_, err := Start(t.Context(), spec)
		var failed *StartError
		if !errors.As(err, &failed) || !isCode(err, "licence") || failed.Exit == nil || failed.Exit.Code != 1 || !strings.Contains(err.Error(), "looking for a licence") {
			t.Errorf("%v", err)
		}
	})
}

// A context that ends at whatever moment of the start leaves nothing behind; TestMain sees
// to goroutines, and this to processes and descriptors.
func TestStartIsCancelled(t *testing.T) {
	before := descriptors(t)
	if _, err := Start(cancelled(t), program("worker")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	began := time.Now()
	start(t, program("worker")).kill("enough")
	took := time.Since(began)
	for i := range 24 {
		spec := program("worker")
		if i%2 == 0 {
			spec.Transport = stdio.Transport{}
		}
		ctx, cancel := context.WithTimeout(t.Context(), took*time.Duration(i)/16)
		w, err := Start(ctx, spec)
		cancel()
		var failed *StartError
		switch {
		case err == nil:
			if err := w.Call(t.Context(), "", 1, nil); err != nil {
				t.Errorf("a start that won: %v", err)
			}
			w.Shutdown(t.Context())
		case !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &failed):
			t.Error(err)
		}
	}
	eventually(t, "all descriptors are closed", func() bool { return descriptors(t) <= before })
}

// cancelled returns a context that has ended.
func cancelled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// descriptors counts those of this process.
func descriptors(t testing.TB) int {
	t.Helper()
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Skipf("this test counts descriptors in /dev/fd: %v", err)
	}
	return len(entries)
}

func TestCallsOverAllTransports(t *testing.T) {
	overAll(t, func(t *testing.T, link transport.Transport) {
		spec := program("worker")
		spec.Transport = link
		w := start(t, spec)
		var got string
		if err := w.Call(t.Context(), "", "hi", &got); err != nil || got != "hi" {
			t.Errorf("%q, %v", got, err)
		}
		big := make([]byte, 8<<20)
		var back []byte
		if err := w.Call(t.Context(), "", big, &back); err != nil || len(back) != len(big) {
			t.Errorf("%d bytes, %v", len(back), err)
		}
		if err := w.Call(t.Context(), "nope", nil, nil); !isCode(err, wire.CodeUnknownMethod) {
			t.Error(err)
		}
		var inherited bool
		if err := w.Call(t.Context(), "env", nil, &inherited); err != nil || inherited {
			t.Errorf("%s is in the worker's environment: %v, %v", transport.EnvVar, inherited, err)
		}
		if info := w.Info(); info.Name != "test" || info.PID != w.PID() || w.Exit() != nil {
			t.Errorf("%+v, pid %d", info, w.PID())
		}
		if err := w.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if !w.Exit().Success() {
			t.Error(w.Exit())
		}
	})
}
