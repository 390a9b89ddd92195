//go:build unix

package jobs

import (
	"os"
	"syscall"

	"github.com/kinwire/kinwire/internal/role"
)

// recorderName is what launchers and recorders are called.
const recorderName = "kinwire-recorder"

// stageVar makes a process that is called so one of the two.
const stageVar = "KINWIRE_RECORDER"

// guardVar marks what a guardian is to kill.
const guardVar = role.MarkVar

// stage is what the host's program is instead of itself.
type stage string

const (
	launcherStage stage = "launch" // starts the recorder, and exits
	recorderStage stage = "record"
)

// The descriptors that both are started with, beside 0 to 2, which are /dev/null.
const (
	answerFD = 3 // for one line: how the start went
	lockFD   = 4 // the job's lock, locked
)

// Here the host's program becomes a recorder, and never comes further.
func init() {
	s := stage(os.Getenv(stageVar))
	if s == "" {
		return
	}
	os.Unsetenv(stageVar)
	if len(os.Args) != 2 || os.Args[0] != recorderName || !isFile(answerFD, syscall.S_IFIFO) || !isFile(lockFD, syscall.S_IFREG) {
		return // somebody has inherited the variable
	}
	syscall.CloseOnExec(answerFD)
	syscall.CloseOnExec(lockFD)
	answer, lock := os.NewFile(answerFD, "answer"), os.NewFile(lockFD, "lock")
	switch s {
	case launcherStage:
		os.Exit(playLauncher(jobDir(os.Args[1]), answer, lock))
	case recorderStage:
		os.Exit(playRecorder(jobDir(os.Args[1]), answer, lock))
	}
}

// isFile reports whether a descriptor is a file of the given kind.
func isFile(fd int, kind uint32) bool {
	var stat syscall.Stat_t
	return syscall.Fstat(fd, &stat) == nil && uint32(stat.Mode)&syscall.S_IFMT == kind
}

// playLauncher starts the recorder, which has none of the host's descriptors.
func playLauncher(d jobDir, answer, lock *os.File) int {
	closeOnExec(lockFD + 1)
	step("launching")
	_, err := startStage(recorderStage, d, answer, lock)
	if err != nil {
		say(answer, replyOf(err))
		return 1
	}
	step("recorder started")
	return 0
}
