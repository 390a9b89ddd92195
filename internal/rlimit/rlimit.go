//go:build unix

// Package rlimit starts a program with resource limits that hold from its first instruction
// on.
//
// Nothing between fork and exec can be added to a start in Go, and limits that are set from
// outside come late. So what is started is the host's program in another role, see
// internal/reexec, which limits itself and becomes the program.
package rlimit

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/kinwire/kinwire/internal/reexec"
)

// role is the name of what limits itself. Its arguments are the number of the descriptor
// that takes an error, the limits, the path of the program, and the program's arguments
// with its name.
const role = "kinwire-rlimit"

// Limit bounds one resource.
type Limit struct {
	Resource   int // as the system numbers it
	Soft, Hard uint64
}

// Error says which limit the system refused.
type Error struct {
	Index int // in the limits
	Err   error
}

func (e *Error) Error() string { return fmt.Sprintf("limit %d: %v", e.Index, e.Err) }
func (e *Error) Unwrap() error { return e.Err }

// execTime is how long it may take until the program runs.
const execTime = 30 * time.Second

// Start starts cmd by way of start, with limits. The errors are those of exec.Cmd.Start,
// an *Error, and reexec.ErrImpossible. After an error nothing is left of cmd.
func Start(cmd *exec.Cmd, limits []Limit, start func(*exec.Cmd) error) error {
	self, err := reexec.Path()
	if err != nil {
		return err
	}
	answer, theirs, err := os.Pipe()
	if err != nil {
		return err
	}
	defer answer.Close()
	program := cmd.Path
	number := strconv.Itoa(3 + len(cmd.ExtraFiles))
	cmd.ExtraFiles = append(slices.Clip(cmd.ExtraFiles), theirs)
	cmd.Args = slices.Concat([]string{role, number, format(limits), program}, cmd.Args)
	cmd.Env = append(cmd.Environ(), reexec.Env(role, number))
	cmd.Path = self
	err = start(cmd)
	theirs.Close()
	if err != nil {
		return err
	}
	err = read(answer, program)
	if err != nil {
		cmd.Process.Kill()
		cmd.Wait()
	}
	return err
}

// read returns what went wrong before the program ran, or nil at the end of the file: it
// runs, or was killed before.
func read(answer *os.File, program string) error {
	answer.SetReadDeadline(time.Now().Add(execTime))
	told, err := io.ReadAll(answer)
	if err != nil {
		return fmt.Errorf("the program was not executed: %w", err)
	}
	if len(told) == 0 {
		return nil
	}
	var index, errno int
	if _, err := fmt.Sscan(string(told), &index, &errno); err != nil {
		return fmt.Errorf("the program was not executed: %q", told)
	}
	if index >= 0 {
		return &Error{Index: index, Err: syscall.Errno(errno)}
	}
	return &os.PathError{Op: "fork/exec", Path: program, Err: syscall.Errno(errno)}
}

func init() {
	number, ok := reexec.Role(role)
	if !ok || len(os.Args) < 5 || os.Args[1] != number {
		return
	}
	answer, err := strconv.Atoi(number)
	if err != nil {
		return
	}
	syscall.CloseOnExec(answer)
	syscall.Write(answer, become(os.Args[2], os.Args[3], os.Args[4:]))
	syscall.Exit(127)
}

// become limits this process and makes it be the program. It returns only what to answer
// if that fails: the number of the limit, or -1 for the program, and the system's error.
func become(limits, program string, args []string) (answer []byte) {
	list, err := parse(limits)
	if err != nil {
		return []byte(err.Error())
	}
	environ := os.Environ()
	for i, l := range list {
		if err := set(l); err != nil {
			return fmt.Appendln(nil, i, number(err))
		}
	}
	return fmt.Appendln(nil, -1, number(syscall.Exec(program, args, environ)))
}

// number returns the number of a system's error.
func number(err error) int {
	var errno syscall.Errno
	errors.As(err, &errno)
	return int(errno)
}

// format writes limits as an argument: resource, soft and hard limit of each.
func format(limits []Limit) string {
	words := make([]string, len(limits))
	for i, l := range limits {
		words[i] = fmt.Sprintf("%d:%d:%d", l.Resource, l.Soft, l.Hard)
	}
	return strings.Join(words, ",")
}

// parse reads what format has written.
func parse(s string) (limits []Limit, err error) {
	for word := range strings.SplitSeq(s, ",") {
		var l Limit
		if _, err := fmt.Sscanf(word, "%d:%d:%d", &l.Resource, &l.Soft, &l.Hard); err != nil {
			return nil, err
		}
		limits = append(limits, l)
	}
	return limits, nil
}
