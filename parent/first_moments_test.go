//go:build unix

package parent

import (
	"errors"
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

// Workers that fail in their first moments.

func init() {
	// initialized answers Initialize, and at once does something else.
	programs["initialized"] = func(args []string) {
		c := raw(all)
		switch args[0] {
		case "twice":
			writeAll(c, all.Append(nil))
			time.Sleep(time.Hour)
		case "is killed":
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
		default:
			code, _ := strconv.Atoi(args[0])
			os.Exit(code)
		}
	}
	programs["version"] = func(args []string) {
		info := all
		info.Version, _ = strconv.Atoi(args[0])
		raw(info)
		time.Sleep(time.Hour)
	}
}

// An end before the handshake is told as what it was, whenever it comes.
func TestEndsAtOnce(t *testing.T) {
	for name, link := range links {
		for script, want := range map[string]string{
			"exit 0":                    "exit status 0",
			"exit 1":                    "exit status 1",
			"exit 3":                    "exit status 3",
			"exit 255":                  "exit status 255",
			"kill -KILL $$":             "killed by SIGKILL (not sent by the host)",
			"kill -TERM $$":             "killed by SIGTERM (not sent by the host)",
			"exec 0<&- 1>&-":            "exit status 0",
			"exec /none/such":           "exit status 127",
			"exec 2>&-;exit 9":          "exit status 9",
			"ulimit -c 0;kill -SEGV $$": "killed by SIGSEGV",
		} {
			t.Run(name+" "+script, func(t *testing.T) {
				t.Parallel()
				_, err := Start(t.Context(), Spec{Command: []string{"sh", "-c", script}, Transport: link})
				var failed *StartError
				if !errors.As(err, &failed) || !errors.Is(err, ErrNoHandshake) || failed.Exit == nil || !strings.HasPrefix(failed.Exit.String(), want) {
					t.Errorf("%v; want %q", err, want)
				}
			})
		}
	}
}

// A worker that ends right behind its Initialized was ready, and its calls say how it ended;
// or Start says so, if it ended before Start was done.
func TestEndsOnceReady(t *testing.T) {
	for name, link := range links {
		for arg, want := range map[string]string{
			"0": "exit status 0", "3": "exit status 3", "is killed": "killed by SIGKILL (not sent by the host)",
			"twice": "killed by SIGKILL (protocol violation: ",
		} {
			t.Run(fmt.Sprint(name, " ", arg), func(t *testing.T) {
				t.Parallel()
				for range 3 {
					spec := program("initialized", arg)
					spec.Transport = link
					w, err := Start(t.Context(), spec)
					var exit *process.Exit
					var failed *StartError
					var lost *process.ExitError
					switch {
					case errors.As(err, &failed):
						exit = failed.Exit
					case err != nil:
						t.Fatal(err)
					default:
						if err := w.Call(t.Context(), "", nil, nil); !errors.As(err, &lost) {
							t.Fatal(err)
						}
						exit = lost.Exit
					}
					if !strings.HasPrefix(exit.String(), want) {
						t.Errorf("%v; want %q", exit, want)
					}
				}
			})
		}
	}
}

func TestWrongVersion(t *testing.T) {
	for _, number := range []string{"0", "2", "1000000"} {
		_, err := Start(t.Context(), program("version", number))
		var failed *StartError
		if !isCode(err, wire.CodeUnsupportedVersion) || !errors.As(err, &failed) || failed.Exit == nil || !failed.Exit.KilledByHost() {
			t.Errorf("version %s: %v", number, err)
		}
	}
}
