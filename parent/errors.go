package parent

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/wire"
)

// ErrNoHandshake is the cause of a [StartError] when the program did not answer in time, or
// ended before it had: it is no kinwire worker, or it got stuck.
var ErrNoHandshake = errors.New("no handshake")

// StartError says why there is no worker. The program, if it ran, is gone.
type StartError struct {
	// Name is the worker's.
	Name string
	// Err is what went wrong: a *process.StartError if the program could not be run, an
	// error that is [ErrNoHandshake], a *wire.Violation if it broke the protocol, the
	// *wire.Error of its initialisation, the error of the context, or one that says that
	// Shutdown was called meanwhile.
	Err error
	// Exit is how the program ended, with its output; nil if it did not run, or is no
	// process.
	Exit *process.Exit
}

// Error says what happened and quotes what the program printed.
func (e *StartError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s did not start: %v", e.Name, e.Err)
	if e.Exit == nil {
		return b.String()
	}
	if e.Exit.Reason == "" { // else the host ended it for what Err says
		fmt.Fprintf(&b, "; %v", e.Exit)
	}
	if words := e.Exit.LastWords(); words != "" && !e.alreadySaid(words) {
		fmt.Fprintf(&b, "; it printed: %q", words)
	}
	return b.String()
}

// alreadySaid reports whether words are a line that only repeats the error of the worker's
// initialisation, as the SDK prints it for who looks there.
func (e *StartError) alreadySaid(words string) bool {
	var said *wire.Error
	return errors.As(e.Err, &said) && strings.HasSuffix(words, said.Error()) && !strings.Contains(words, "\n")
}

// Unwrap returns Err.
func (e *StartError) Unwrap() error { return e.Err }

func errSilent(after time.Duration) error {
	return fmt.Errorf("%w within %v: is it a kinwire worker?", ErrNoHandshake, after)
}
