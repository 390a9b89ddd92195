//go:build unix

package parent

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/wire"
)

// Links of which one direction ends before the other, and links that are reset.

// linkFD is the descriptor of a raw link over a socket pair.
func linkFD() int {
	fd, err := strconv.Atoi(strings.TrimPrefix(os.Getenv(transport.EnvVar), "fd:"))
	if err != nil {
		panic(err)
	}
	return fd
}

func init() {
	// writes no more goes on reading, up to the end of the other half.
	programs["writes no more"] = func([]string) {
		c := raw(all)
		writeAll(c, answer(first(c), "the first").Append(nil))
		unix.Shutdown(linkFD(), unix.SHUT_WR)
		next(c, wire.TypeInitialize) // which never comes; an end of file exits with 69
	}
	// reads no more goes on living, and answers what it has read.
	programs["reads no more"] = func([]string) {
		c := raw(all)
		id := first(c)
		unix.Shutdown(linkFD(), unix.SHUT_RD)
		writeAll(c, answer(id, "the first").Append(nil))
		time.Sleep(time.Hour)
	}
	// reset answers, and exits while input lies unread, so that the host is told of a reset.
	programs["reset"] = func([]string) {
		c := raw(all)
		id := first(c)
		for b := make([]byte, 32<<10); ; time.Sleep(time.Millisecond) {
			// Much of the second call is there, and stays: pings are smaller.
			if n, _, _ := unix.Recvfrom(linkFD(), b, unix.MSG_PEEK); n == len(b) {
				break
			}
		}
		writeAll(c, answer(id, "the first").Append(nil))
		os.Exit(5)
	}
}

// A worker that closes one half has closed its link: the host closes the other, and brings
// down whoever does not leave by that.
func TestHalfClosed(t *testing.T) {
	for name, want := range map[string]string{
		"writes no more": "exit status 69 after ",
		"reads no more":  "killed by SIGTERM (its link had ended (",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, program(name))
			var got string
			if err := w.Call(t.Context(), "", nil, &got); err != nil || got != "the first" {
				t.Errorf("%q, %v", got, err)
			}
			err := w.Call(t.Context(), "", nil, nil)
			var lost *process.ExitError
			if !errors.As(err, &lost) || !strings.HasPrefix(lost.Exit.String(), want) {
				t.Errorf("%v; want %q", err, want)
			}
			if name == "reads no more" && !errors.Is(err, wire.ErrNotSent) {
				t.Errorf("%v is not ErrNotSent", err)
			}
		})
	}
}

// The kernel reports a reset behind the last words of a worker that has not read all: they
// are delivered, and what was not answered ends with the worker's exit.
func TestResetAfterLastWords(t *testing.T) {
	w := start(t, program("reset"))
	first := make(chan error, 1)
	opened, err := w.Open(t.Context(), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		v, err := opened.Recv()
		if err == nil && !bytes.Equal(v, encode("the first")) {
			err = fmt.Errorf("the answer is %x", []byte(v))
		}
		first <- err
	}()
	err = w.Call(t.Context(), "", make([]byte, 1<<20), nil)
	var lost *process.ExitError
	if !errors.As(err, &lost) || !lost.Sent || lost.Exit.Code != 5 {
		t.Errorf("the call that was not read: %v", err)
	}
	if err := await(t, "the first answer", first); err != nil {
		t.Errorf("the call that was answered: %v", err)
	}
}
