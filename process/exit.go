package process

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/kinwire/kinwire/wire"
)

// Exit is the report about the end of a command. Nothing in it changes any more.
type Exit struct {
	// State is how the leader ended, and Code its exit status: -1 unless State is
	// Exited. Signal is what killed it: 0 unless State is Signaled.
	State  State
	Code   int
	Signal syscall.Signal

	// Reason is why the host wanted the end: the first one given to Kill, Terminate,
	// Stop or Dump before the leader had exited. Empty if none was.
	Reason string
	// Limit is the limit that the command broke: the one that gave the Reason, or
	// OutputLimit if the command had ended before it could be stopped for that.
	Limit Limit
	// HostSignal is the signal that the host sent meanwhile: the one that killed the
	// leader, if the host sent that one, else the last. 0 if the host sent none.
	HostSignal syscall.Signal

	// Started is when the start began; Duration is from there to the leader's exit.
	Started  time.Time
	Duration time.Duration

	// UserTime and SystemTime are the CPU time of the leader and of those of its children
	// that it has waited for.
	UserTime, SystemTime time.Duration
	// MaxRSS is the largest resident set of any of those, in bytes. 0: unknown. Linux
	// counts the memory of the host until the program is loaded, so that only what is
	// above the host's own peak can be known.
	MaxRSS int64

	// OutOfMemory is whether the kernel killed anything of the command for want of memory.
	// It is known only of a command in a Cgroup.
	OutOfMemory OOM

	// InputErr is what Command.Input failed with: the command got only what came before.
	InputErr error

	// Stdout and Stderr are what the whole group printed, as far as it was captured.
	Stdout, Stderr Output

	// Dump is what standard error printed after Process.Dump. Nil if that was not called.
	Dump *Dump

	// Said is a kinwire worker's last message, with the exit code that it wanted and why.
	// Nil if it sent none, or is no such worker; package process knows nothing of it.
	Said *wire.Exiting
}

// State is how a command ended.
type State int

const (
	// Unknown: somebody else has reaped the leader. Not a success.
	Unknown State = iota
	// Exited: by itself, with a status.
	Exited
	// Signaled: killed by a signal.
	Signaled
)

// String returns "unknown", "exited" or "signaled".
func (s State) String() string {
	switch s {
	case Exited:
		return "exited"
	case Signaled:
		return "signaled"
	}
	return "unknown"
}

// Output is what is kept of a captured stream.
type Output struct {
	Tail   []byte // the last 64 KiB
	Cut    int64  // bytes before Tail that were read and are not kept
	Missed int    // lines, or bytes for OnChunk, that were not handed out for want of room
}

// Dump is both ends of what standard error printed after Process.Dump. It may begin with
// what was printed, and not read, before.
type Dump struct {
	Head, Tail []byte // the first 16 KiB, and the last 16 KiB of the rest
	Cut        int64  // bytes between them that are not kept
}

// Success reports whether the command exited with status 0.
func (e *Exit) Success() bool { return e.State == Exited && e.Code == 0 }

// KilledByHost reports whether the leader was killed by a signal that the host sent.
func (e *Exit) KilledByHost() bool { return e.State == Signaled && e.Signal == e.HostSignal }

// String says it in a line, such as
//
//	exit status 3 after 1.2s
//	exit status 0 (the host sent SIGTERM: shutdown) after 2s
//	killed by SIGKILL (no pong for 60s) after 1m2s
//	killed by SIGKILL (not sent by the host) after 40ms
//	killed by SIGKILL (out of memory) after 3.1s
//	exit status 3 (it said: the disk is full) after 5m0s
func (e *Exit) String() string {
	s := "ended in an unknown way"
	switch e.State {
	case Exited:
		s = fmt.Sprintf("exit status %d", e.Code)
	case Signaled:
		s = "killed by " + SignalName(e.Signal)
	}
	var notes []string
	if why := e.why(); why != "" {
		notes = append(notes, why)
	}
	if e.Said != nil && e.Said.Reason != "" && e.Said.Reason != e.Reason {
		notes = append(notes, "it said: "+e.Said.Reason)
	}
	if len(notes) > 0 {
		s += " (" + strings.Join(notes, "; ") + ")"
	}
	return s + " after " + roundDuration(e.Duration).String()
}

// why returns what the host had to do with the end, or "" if that goes without saying.
func (e *Exit) why() string {
	switch {
	case e.KilledByHost() && e.Reason != "":
		return e.Reason
	case e.KilledByHost():
		return "sent by the host"
	case e.Reason != "" && e.HostSignal != 0:
		return fmt.Sprintf("the host sent %s: %s", SignalName(e.HostSignal), e.Reason)
	case e.State != Signaled || !isUsuallySent(e.Signal):
		return e.Reason
	case e.Signal == syscall.SIGKILL && e.OutOfMemory == OOMYes:
		return "out of memory"
	case e.Reason != "":
		return "not sent by the host: " + e.Reason
	}
	return "not sent by the host"
}

// isUsuallySent tells signals that somebody sends from those that a crash raises.
func isUsuallySent(sig syscall.Signal) bool {
	switch sig {
	case syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP:
		return true
	}
	return false
}

// setState fills in how the leader ended.
func (e *Exit) setState(state *os.ProcessState) {
	status, ok := state.Sys().(syscall.WaitStatus)
	switch {
	case !ok:
	case status.Exited():
		e.State, e.Code = Exited, status.ExitStatus()
	case status.Signaled():
		e.State, e.Signal = Signaled, status.Signal()
	}
}

// roundDuration leaves as many digits as somebody wants to read.
func roundDuration(d time.Duration) time.Duration {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond)
	case d < time.Minute:
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Second)
}
