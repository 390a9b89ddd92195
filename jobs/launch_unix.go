//go:build unix

package jobs

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/kinwire/kinwire/internal/guard"
)

// launchTime is how long a launcher may take to exit once its recorder has answered.
const launchTime = 10 * time.Second

// launch starts the recorder of a job, which takes the lock over, and returns when the command
// runs. The error is a *refusal if nothing was started.
//
// The recorder has to have another parent than this host, who would have to wait for it. So
// what is started is a launcher, which starts the recorder and exits.
func launch(ctx context.Context, d jobDir, lock *os.File) error {
	answer, theirs, err := os.Pipe()
	if err != nil {
		lock.Close()
		return &refusal{err}
	}
	defer answer.Close()
	p, err := startStage(launcherStage, d, theirs, lock)
	theirs.Close()
	lock.Close()
	if err != nil {
		return &refusal{fmt.Errorf("its recorder: %w", err)}
	}
	step("launched")
	err = readAnswer(ctx, answer)
	step("answered")
	end := time.AfterFunc(launchTime, func() { p.Kill() }) // if somebody has stopped it
	p.Wait()
	end.Stop()
	return err
}

// startStage starts this program as the launcher or the recorder of a job.
func startStage(s stage, d jobDir, answer, lock *os.File) (*os.Process, error) {
	path, err := guard.Program()
	if err != nil {
		return nil, err
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	return os.StartProcess(path, []string{recorderName, string(d)}, &os.ProcAttr{
		Dir:   "/",
		Env:   append(environ(), stageVar+"="+string(s)),
		Files: []*os.File{null, null, null, answer, lock},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
}

// environ returns the host's environment without the marks by which others know what is theirs:
// a job is no part of what its host was started as.
func environ() []string {
	var env []string
	for _, entry := range os.Environ() {
		switch name, _, _ := strings.Cut(entry, "="); name {
		case guardVar, jobVar:
		default:
			env = append(env, entry)
		}
	}
	return env
}

// reply is what a recorder says about the start.
type reply struct {
	OK    bool          `json:"ok"`
	Error string        `json:"error,omitempty"`
	Errno syscall.Errno `json:"errno,omitempty"` // which the error is, for errors.Is
}

// replyOf is the answer after an error.
func replyOf(err error) reply {
	r := reply{Error: err.Error()}
	errors.As(err, &r.Errno)
	return r
}

// toldError is the error of another process.
type toldError struct {
	text  string
	errno syscall.Errno
}

func (e *toldError) Error() string { return e.text }

func (e *toldError) Unwrap() error {
	if e.errno == 0 {
		return nil
	}
	return e.errno
}

// say answers, if anybody still listens.
func say(to *os.File, a reply) {
	b, _ := json.Marshal(a) // which never fails
	to.Write(append(b, '\n'))
	to.Close()
}

// readAnswer waits for the answer of the recorder.
func readAnswer(ctx context.Context, from *os.File) error {
	stop := context.AfterFunc(ctx, func() { from.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	const longest = 64 << 10
	line, err := bufio.NewReader(io.LimitReader(from, longest)).ReadBytes('\n')
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return ctx.Err()
	}
	var a reply
	if err != nil || json.Unmarshal(line, &a) != nil {
		return errors.New("its recorder ended without an answer")
	}
	if !a.OK {
		return &refusal{&toldError{a.Error, a.Errno}}
	}
	return nil
}
