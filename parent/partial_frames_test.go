//go:build unix

package parent

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/wire"
)

// Frames that never become whole.

// partial is the answer of which the program partial writes some bytes.
func partial(id uint64) []byte { return answer(id, "an answer").Append(nil) }

func init() {
	// partial writes the first bytes of its answer, and ends or goes silent.
	programs["partial"] = func(args []string) {
		c := raw(all)
		n, _ := strconv.Atoi(args[0])
		writeAll(c, partial(first(c))[:n])
		switch args[1] {
		case "exits":
			os.Exit(5)
		case "is killed":
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
		time.Sleep(time.Hour)
	}
}

// A worker that ends after any number of bytes: its call ends with that, but for the last one,
// where the answer is whole.
func TestPartialFrames(t *testing.T) {
	size := len(partial(1))
	for n := range size + 1 {
		for end, want := range map[string]string{"exits": "exit status 5", "is killed": "killed by SIGKILL (not sent by the host)"} {
			for name, link := range links {
				if n%len(links) == 0 && n < size-1 && name == "stdio" {
					continue // each second byte will do for pipes
				}
				t.Run(fmt.Sprintf("%d of %d bytes, %s, %s", n, size, end, name), func(t *testing.T) {
					t.Parallel()
					spec := program("partial", strconv.Itoa(n), end)
					spec.Transport = link
					w := start(t, spec)
					if n == size {
						var got string
						if err := w.Call(t.Context(), "", nil, &got); err != nil || got != "an answer" {
							t.Errorf("%q, %v", got, err)
						}
						await(t, "the end", w.Done())
					} else {
						died(t, w, "", nil)
					}
					if exit := w.Exit(); !strings.HasPrefix(exit.String(), want) {
						t.Errorf("%v; want %q", exit, want)
					}
				})
			}
		}
	}
}

// A worker that stays behind half a frame can answer no ping, and that ends it.
func TestPartialFrameAndSilence(t *testing.T) {
	for _, n := range []int{1, wire.HeaderSize, wire.HeaderSize + 5} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			spec := program("partial", strconv.Itoa(n), "stays")
			spec.Health = Health{Interval: 20 * time.Millisecond, Timeout: 500 * time.Millisecond}
			if exit := died(t, start(t, spec), "", nil); !strings.HasPrefix(exit.Reason, "no answer to a ping for ") {
				t.Errorf("%v", exit)
			}
		})
	}
}

// A frame may trickle in for as long as pings may go unanswered. There is no limit for frames
// beside that: while one is on its way no Pong can come.
func TestTricklingFrame(t *testing.T) {
	health := Health{Interval: time.Second, Timeout: 10 * time.Second}
	attached(t, Spec{Health: health}, func(c *talk) {
		result := c.calls(c.Context(), "m")
		frame := answer(c.input("").ID, "slow").Append(nil)
		for _, b := range frame {
			c.write("a byte", []byte{b})
			time.Sleep(9 * time.Second / time.Duration(len(frame)))
		}
		if err := <-result; err != nil {
			t.Error(err)
		}
		if c.w.Exit() != nil {
			t.Error("the worker is gone")
		}
	})
	attached(t, Spec{Health: health}, func(c *talk) {
		result := c.calls(c.Context(), "m")
		id := c.input("").ID
		c.send("well so far", wire.Output{ID: id, Payload: encode(1)})
		go func() {
			frame := answer(id, make([]byte, 1<<20)).Append(nil)
			for i := 0; c.w.Exit() == nil && i < len(frame); i++ {
				c.write("a byte a second", frame[i:i+1])
				time.Sleep(time.Second)
			}
		}()
		<-result
		<-c.w.Done()
		if d := c.passed(); d < health.Timeout || d > health.Timeout+2*time.Second {
			t.Errorf("the end came after %v", d)
		}
		if e := c.w.Exit(); e.State != process.Unknown || !strings.HasPrefix(e.Reason, "no answer to a ping for ") {
			t.Errorf("%v", e)
		}
		if err := c.w.Call(context.Background(), "m", nil, nil); err == nil {
			t.Error("a call after the end succeeds")
		}
		time.Sleep(2 * time.Second) // the writer notices
	})
}
