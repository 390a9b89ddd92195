package jobs

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kinwire/kinwire/process"
)

// lookPause is how long to wait before looking again whether what was signalled is gone.
const lookPause = 10 * time.Millisecond

// left is what a job has left that has no recorder.
type left struct {
	id     string
	leader identity
}

// end goes down the ladder until nothing is left. Each process is pinned, and proven to be
// the job's while it is, before it is signalled.
func (l left) end(ctx context.Context, ladder process.Ladder) error {
	if pidfd, err := unix.PidfdOpen(os.Getpid(), 0); err == nil {
		unix.Close(pidfd)
	} else {
		return fmt.Errorf("its recorder is lost, and processes can't be pinned here: %w", err)
	}
	term := cmp.Or(ladder.Term, process.DefaultTerm)
	kill := cmp.Or(ladder.Kill, process.DefaultKill)
	if term > 0 {
		l.signal(unix.SIGTERM)
		l.signal(unix.SIGCONT)
		if err := l.await(ctx, term, 0); !errors.Is(err, process.ErrStuck) {
			return err
		}
	}
	return l.await(ctx, kill, unix.SIGKILL)
}

// await waits until nothing is left, for d, and sends sig meanwhile to what is. A negative d is as
// long as it takes.
func (l left) await(ctx context.Context, d time.Duration, sig unix.Signal) error {
	for begin := time.Now(); ; {
		if l.signal(sig) == 0 {
			return nil
		}
		if d >= 0 && time.Since(begin) > d {
			return fmt.Errorf("job %s: %w", l.id, process.ErrStuck)
		}
		if !pause(ctx, lookPause) {
			return ctx.Err()
		}
	}
}

// signal signals all that is left, and returns how many that were.
func (l left) signal(sig unix.Signal) (count int) {
	for _, pid := range allProcesses() {
		pidfd := l.pin(pid)
		if pidfd < 0 {
			continue
		}
		if err := unix.PidfdSendSignal(pidfd, sig, nil, 0); !errors.Is(err, unix.ESRCH) {
			count++ // also one that may not be signalled
		}
		unix.Close(pidfd)
	}
	return count
}

// pin returns a descriptor of a process that is the job's and lives, or -1. The pid may have
// become another's before it was pinned, so that all is looked at once it is.
func (l left) pin(pid int) int {
	if pid == os.Getpid() || !l.mayHave(pid) {
		return -1
	}
	pidfd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return -1
	}
	if !l.has(pid, pidfd) {
		unix.Close(pidfd)
		return -1
	}
	return pidfd
}

// mayHave spares most processes that are not the job's from being pinned.
func (l left) mayHave(pid int) bool {
	return pid == l.leader.PID || l.isInSession(pid) || isMarked(pid, l.id)
}

// has reports whether a process that is pinned lives, and is the job's: it is the leader, it
// is in the session of the leader, who lives and so keeps its id, or it has the job's mark.
func (l left) has(pid, pidfd int) bool {
	if pid == l.leader.PID {
		return l.leader.isHere() && l.leader.isThis(pidfd)
	}
	ours := l.isInSession(pid) && l.leader.isAlive() || isMarked(pid, l.id)
	state, _, err := readStat(pid)
	alive := !errors.Is(unix.PidfdSendSignal(pidfd, 0, nil, 0), unix.ESRCH) // so it was this one that was looked at
	return ours && alive && err == nil && state != 'Z' && state != 'X'
}

// isInSession reports whether a process is in the session that has the leader's pid for its id.
func (l left) isInSession(pid int) bool {
	session, err := unix.Getsid(pid)
	return err == nil && l.leader.PID > 1 && session == l.leader.PID
}

// isMarked reports whether a process was started with the mark of a job.
func isMarked(pid int, id string) bool {
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	mark := []byte(jobVar + "=" + id)
	for entry := range bytes.SplitSeq(environ, []byte{0}) {
		if err == nil && bytes.Equal(entry, mark) {
			return true
		}
	}
	return false
}

// findMarked returns the processes with the mark of a job.
func findMarked(id string) (pids []int) {
	for _, pid := range allProcesses() {
		if isMarked(pid, id) {
			pids = append(pids, pid)
		}
	}
	return pids
}
