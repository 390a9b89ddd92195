//go:build unix

package process

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"time"

	"github.com/kinwire/kinwire/internal/guard"
	"github.com/kinwire/kinwire/internal/role"
)

// execTime is how long it may take until a program with limits runs.
const execTime = 30 * time.Second

// Nothing can be done in Go between fork and exec, and limits that are set from outside come
// late. So what is started is a limiter, which becomes the program.

// startLimiter starts cmd by way of a limiter. If a limit is refused, it returns its index,
// else -1. After an error nothing is left of cmd.
func startLimiter(cmd *exec.Cmd, limits []role.Limit) (refused int, err error) {
	self, err := guard.Program()
	if err != nil {
		return 0, err
	}
	answer, theirs, err := os.Pipe()
	if err != nil {
		return -1, err
	}
	defer answer.Close()
	program := cmd.Path
	number := 3 + len(cmd.ExtraFiles)
	cmd.ExtraFiles = append(slices.Clip(cmd.ExtraFiles), theirs)
	cmd.Args = role.LimiterArgs(number, limits, program, cmd.Args)
	cmd.Env = append(cmd.Environ(), role.Env(role.Limiter, uint64(number)))
	cmd.Path = self
	err = startInGroup(cmd)
	theirs.Close()
	if err != nil {
		return -1, err
	}
	refused, err = readAnswer(answer, program)
	if err != nil {
		cmd.Process.Kill()
		cmd.Wait()
	}
	return refused, err
}

// readAnswer returns what went wrong before the program ran, or nil at the end of the file:
// it runs, or was killed before.
func readAnswer(answer *os.File, program string) (refused int, err error) {
	answer.SetReadDeadline(time.Now().Add(execTime))
	told, err := io.ReadAll(answer)
	if err != nil {
		return -1, fmt.Errorf("the program was not executed: %w", err)
	}
	if len(told) == 0 {
		return -1, nil
	}
	refused, err = role.LimiterAnswer(told)
	if refused < 0 {
		err = &os.PathError{Op: "fork/exec", Path: program, Err: err}
	}
	return refused, err
}
