//go:build unix

package parent

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/transport/stdio"
	"github.com/kinwire/kinwire/wire"
)

// Workers without an SDK that print into their own link, over standard output. Those with
// one can't; see TestPrintsGoToStderr in transport/stdio.

func init() {
	programs["prints first"] = func([]string) {
		fmt.Println("Loading the model")
		raw(all)
		time.Sleep(time.Hour)
	}
	programs["prints between"] = func([]string) {
		c := raw(all)
		first(c)
		unix.Write(1, []byte("Did somebody call?\n"))
		time.Sleep(time.Hour)
	}
	// prints inside has its answer torn by a print, and calls on.
	programs["prints inside"] = func([]string) {
		c := raw(all)
		frame := answer(first(c), strings.Repeat("x", 1000)).Append(nil)
		writeAll(c, frame[:500])
		unix.Write(1, []byte("a print from another thread\n"))
		writeAll(c, frame[500:])
		time.Sleep(time.Hour)
	}
	// prints over answers calls from several threads that know nothing of one another, and
	// prints from one more.
	programs["prints over"] = func([]string) {
		c := raw(all)
		first(c)
		for id := range 4 {
			go func() {
				frame := wire.Output{ID: uint64(2*id + 1), Payload: encode(make([]byte, 100<<10))}.Append(nil)
				for {
					writeAll(c, frame)
				}
			}()
		}
		for {
			writeAll(c, []byte("one more line\n"))
		}
	}
	// heir leaves somebody behind outside of its group, who prints into its link after it.
	programs["heir"] = func([]string) {
		c := raw(all)
		first(c)
		cmd := exec.Command("sh", "-c", "echo heir $$ >&2; sleep 0.3; while echo here am I; do sleep 0.01; done")
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := cmd.Start(); err != nil {
			panic(err)
		}
		os.Exit(6)
	}
}

func TestPrintBeforeTheHandshake(t *testing.T) {
	spec := program("prints first")
	spec.Transport = stdio.Transport{}
	_, err := Start(t.Context(), spec)
	var broken *wire.Violation
	if !errors.As(err, &broken) || broken.Rule != wire.RuleFrameLength || !strings.Contains(err.Error(), "Loading the model") {
		t.Errorf("%v; want it to quote the print", err)
	}
}

// The host names the rule, quotes the print where it can be told from a frame, and kills.
func TestPrintsIntoTheLink(t *testing.T) {
	for name, quote := range map[string]string{"prints between": "Did somebody call?", "prints inside": "xxxx", "prints over": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := program(name)
			spec.Transport = stdio.Transport{}
			w := start(t, spec)
			var calls sync.WaitGroup
			for range 4 {
				calls.Go(func() {
					x, err := w.Open(t.Context(), "", nil)
					for err == nil {
						_, err = x.Recv()
					}
					// A print in the midst of a value leaves a value, and the next frame is none.
					var lost *process.ExitError
					if !errors.As(err, &lost) && name != "prints inside" {
						t.Errorf("%v", err)
					}
				})
			}
			calls.Wait()
			await(t, "the end", w.Done())
			exit := w.Exit()
			if exit.Success() || !strings.HasPrefix(exit.Reason, "protocol violation: ") || !strings.Contains(exit.Reason, quote) {
				t.Errorf("%v; want a violation, with %q", exit, quote)
			}
		})
	}
}

// What somebody outside of the group prints into the link of a dead worker changes nothing
// about how that ended, and holds nobody up.
func TestPrintsAfterDeath(t *testing.T) {
	t.Parallel()
	spec := program("heir")
	spec.Transport = stdio.Transport{}
	exit := died(t, start(t, spec), "", nil)
	if exit.State != process.Exited || exit.Code != 6 {
		t.Errorf("%v", exit)
	}
	_, line, _ := bytes.Cut(exit.Stderr.Tail, []byte("heir "))
	var heir int
	if _, err := fmt.Sscan(string(line), &heir); err != nil {
		t.Fatalf("%q: %v", exit.Stderr.Tail, err)
	}
	eventually(t, "whoever was left behind finds the link closed", func() bool { return isGone(heir) })
}
