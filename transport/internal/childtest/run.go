//go:build unix

package childtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/kinwire/kinwire/transport"
)

// Run holds a transport, and the worker's side of it, against what hosts and workers rely
// on. The worker's side is in the Workers that Main was given.
func Run(t *testing.T, tr transport.Transport) {
	t.Run("Conversation", func(t *testing.T) { testConversation(t, tr) })
	t.Run("LastWordsOfKilled", func(t *testing.T) { testLastWords(t, tr) })
	t.Run("KillWakesWriter", func(t *testing.T) { testKillWakesWriter(t, tr) })
	t.Run("BlockingForChild", func(t *testing.T) { testBlocking(t, tr) })
	t.Run("NotForGrandchildren", func(t *testing.T) { testGrandchildren(t, tr) })
	t.Run("NotForSiblings", func(t *testing.T) { testSiblings(t, tr) })
	t.Run("ManyAtOnce", func(t *testing.T) { testManyAtOnce(t, tr) })
}

// testConversation: a worker finds its end, megabytes go both ways at once, and it sees
// the host close.
func testConversation(t *testing.T, tr transport.Transport) {
	p := Start(t, tr, "echo")
	data := bytes.Repeat([]byte("0123456789abcdef"), 200_000)
	Within(t, "3 MB there and back", func() {
		written := make(chan error, 1)
		go func() { written <- WriteAll(p.Conn, data) }()
		got := make([]byte, len(data))
		if n, err := io.ReadFull(p.Conn, got); err != nil || !bytes.Equal(got, data) {
			t.Errorf("read %d of %d bytes: %v", n, len(data), err)
		}
		if err := <-written; err != nil {
			t.Errorf("writing: %v", err)
		}
	})
	Within(t, "the worker sees the end and exits", func() {
		p.Conn.Close()
		if err := p.Wait(); err != nil {
			t.Errorf("the worker: %v: %s", err, p.Stderr)
		}
	})
}

// testLastWords: what a worker has written before it was killed arrives, then the end.
func testLastWords(t *testing.T, tr transport.Transport) {
	p := Start(t, tr, "kill")
	Within(t, "last words", func() {
		got, err := io.ReadAll(p.Conn)
		if err != nil || !bytes.Equal(got, lastWords) {
			t.Errorf("%d of %d bytes arrived: %v", len(got), len(lastWords), err)
		}
		var exit *exec.ExitError
		if err := p.Wait(); !errors.As(err, &exit) || exit.Success() || exit.Exited() {
			t.Errorf("the worker: %v; want a signal", err)
		}
	})
}

// testKillWakesWriter: a host that waits for a worker to read, and one that waits for its
// words, learn of its death.
func testKillWakesWriter(t *testing.T, tr transport.Transport) {
	p := Start(t, tr, "deaf")
	written, read := make(chan error, 1), make(chan error, 1)
	go func() { written <- WriteAll(p.Conn, make([]byte, 64<<20)) }()
	go func() {
		_, err := p.Conn.Read(make([]byte, 1))
		read <- err
	}()
	Within(t, "both end with the worker", func() {
		p.Process.Kill()
		for what, result := range map[string]chan error{"write": written, "read": read} {
			if err := <-result; err == nil || errors.Is(err, os.ErrClosed) {
				t.Errorf("%s: %v; want what broke the link", what, err)
			}
		}
	})
}

// testBlocking: a worker that knows nothing of EAGAIN can use its end.
func testBlocking(t *testing.T, tr transport.Transport) {
	p := Start(t, tr, "blocking")
	Within(t, "the report", func() {
		if got, err := io.ReadAll(p.Conn); string(got) != "blocking" {
			t.Errorf("the worker says %q, %v: %s", got, err, p.Stderr)
		}
	})
}

// testGrandchildren: what a worker starts does not get the link.
func testGrandchildren(t *testing.T, tr transport.Transport) {
	conn, end, err := tr.Connect()
	if err != nil {
		t.Fatal(err)
	}
	var link []string
	for _, f := range append([]*os.File{end.Stdin, end.Stdout}, end.Extra...) {
		if f != nil {
			id, err := identity(int(f.Fd()))
			if err != nil {
				t.Fatal(err)
			}
			link = append(link, id)
		}
	}
	p := StartWith(t, conn, end, "parent")
	end.Close()
	Within(t, "the list", func() {
		list, err := io.ReadAll(p.Conn)
		if !bytes.Contains(list, []byte("<")) {
			t.Errorf("there is no list: %q, %v: %s", list, err, p.Stderr)
		}
		for _, id := range link {
			if bytes.Contains(list, []byte(id)) {
				t.Errorf("a grandchild has the link %s: %s", id, list)
			}
		}
	})
}

// testSiblings: a worker started while another's link is in the making holds neither end
// of it: each end's closing is seen at once.
func testSiblings(t *testing.T, tr transport.Transport) {
	firstConn, firstEnd, err := tr.Connect()
	if err != nil {
		t.Fatal(err)
	}
	sibling := Start(t, tr, "echo")
	first := StartWith(t, firstConn, firstEnd, "echo")
	second := Start(t, tr, "echo")
	firstEnd.Close()

	Within(t, "the first worker sees the host close", func() {
		first.Conn.Close()
		if err := first.Wait(); err != nil {
			t.Errorf("the first worker: %v: %s", err, first.Stderr)
		}
	})
	Within(t, "the host sees the second worker die", func() {
		second.Process.Kill()
		if n, err := second.Conn.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("read %d, %v; want io.EOF", n, err)
		}
	})
	Within(t, "the sibling still lives", func() {
		if err := WriteAll(sibling.Conn, []byte("x")); err != nil {
			t.Errorf("writing: %v", err)
		}
		if n, err := sibling.Conn.Read(make([]byte, 1)); n != 1 {
			t.Errorf("read %d, %v", n, err)
		}
	})
}

// testManyAtOnce: links and processes made at the same time are not mixed up.
func testManyAtOnce(t *testing.T, tr transport.Transport) {
	for i := range 4 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			for j := range 2 {
				p := Start(t, tr, "echo")
				message := fmt.Sprintf("worker %d of %d", j, i)
				Within(t, message, func() {
					if err := WriteAll(p.Conn, []byte(message)); err != nil {
						t.Error(err)
					}
					got := make([]byte, len(message))
					if _, err := io.ReadFull(p.Conn, got); err != nil || string(got) != message {
						t.Errorf("%q came back as %q: %v", message, got, err)
					}
					p.Conn.Close()
					if err := p.Wait(); err != nil {
						t.Errorf("%s: %v: %s", message, err, p.Stderr)
					}
				})
			}
		})
	}
}
