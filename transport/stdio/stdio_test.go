//go:build unix && !aix

package stdio_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/kinwire/kinwire/internal/fdconn"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/transport/internal/childtest"
	"github.com/kinwire/kinwire/transport/stdio"
	"github.com/kinwire/kinwire/transport/transporttest"
)

func TestMain(m *testing.M) {
	workers := childtest.Workers(stdio.Child, 0, 1)
	workers["print"] = printEverywhere
	workers["no-stderr"] = withoutStderr
	workers["refused"] = refused
	childtest.Main(m, workers)
}

func TestWorkers(t *testing.T) { childtest.Run(t, stdio.Transport{}) }

func TestConn(t *testing.T) {
	transporttest.TestConn(t, func() (transport.Conn, transport.Conn, func()) {
		host, end, err := stdio.Transport{}.Connect()
		if err != nil {
			t.Fatal(err)
		}
		child, err := fdconn.Open(inherited(t, end.Stdin), inherited(t, end.Stdout), "host")
		if err != nil {
			t.Fatal(err)
		}
		end.Close()
		return host, child, nil
	})
}

// inherited stands for what a process inherits.
func inherited(t *testing.T, f *os.File) int {
	t.Helper()
	fd, err := unix.Dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return fd
}

func TestConnect(t *testing.T) {
	conn, end, err := stdio.Transport{}.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	defer end.Close()
	if end.Env != "stdio" || end.Stdin == nil || end.Stdout == nil || len(end.Extra) != 0 {
		t.Errorf("the worker's end is %+v", end)
	}
}

// Nothing that prints after Child reaches the link, in whatever way it prints.
func TestPrintsGoToStderr(t *testing.T) {
	p := childtest.Start(t, stdio.Transport{}, "print")
	childtest.Within(t, "the worker", func() {
		if got, err := io.ReadAll(p.Conn); string(got) != "first second" || err != nil {
			t.Errorf("the link has %q, %v", got, err)
		}
		if err := p.Wait(); err != nil {
			t.Errorf("the worker: %v", err)
		}
	})
	for _, want := range []string{"by os.Stdout", "by descriptor 1", "by a shell", "by a late dup", "stdin: EOF"} {
		if !strings.Contains(p.Stderr.String(), want+"\n") {
			t.Errorf("stderr lacks %q: %s", want, p.Stderr)
		}
	}
}

// Without a standard error, prints vanish and the link works.
func TestClosedStderr(t *testing.T) {
	p := childtest.Start(t, stdio.Transport{}, "no-stderr")
	childtest.Within(t, "the worker", func() {
		if got, err := io.ReadAll(p.Conn); string(got) != "fine" || err != nil {
			t.Errorf("the link has %q, %v", got, err)
		}
		if err := p.Wait(); err != nil {
			t.Errorf("the worker: %v", err)
		}
	})
}

// Files instead of pipes do as well: a worker can be fed by hand.
func TestFilesAsLink(t *testing.T) {
	dir := t.TempDir()
	data := strings.Repeat("data ", 100_000)
	if err := os.WriteFile(filepath.Join(dir, "in"), []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(filepath.Join(dir, "in"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	unused, other := transport.Pair()
	defer other.Close()
	end := &transport.ChildEnd{Env: "stdio", Stdin: in, Stdout: out}
	p := childtest.StartWith(t, unused, end, "echo")
	end.Close()
	childtest.Within(t, "the worker", func() {
		if err := p.Wait(); err != nil {
			t.Errorf("the worker: %v: %s", err, p.Stderr)
		}
	})
	if got, err := os.ReadFile(filepath.Join(dir, "out")); string(got) != data {
		t.Errorf("%d of %d bytes came back: %v", len(got), len(data), err)
	}
}
