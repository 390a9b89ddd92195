package guard

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// settle makes the process what a guardian should be, as far as it is allowed to.
func settle() {
	// A descriptor that the host has without close-on-exec is none of its business.
	unix.CloseRange(answerFD+1, math.MaxInt32, 0)
	title := []byte("kinwire-guard\x00") // 15 characters at the most
	unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&title[0])), 0, 0, 0)
	// It takes the right to do so. Without it a process as small is rarely chosen.
	if fd, err := unix.Open("/proc/self/oom_score_adj", unix.O_WRONLY|unix.O_CLOEXEC, 0); err == nil {
		unix.Write(fd, []byte("-1000"))
		unix.Close(fd)
	}
}

// openHost returns a descriptor that becomes readable when the host is dead, or -1. It makes
// the guardian see that even if something else has got the host's end of the pipe, such as
// what C code has forked.
func openHost(pid int) int {
	if pid <= 1 {
		return -1
	}
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return -1
	}
	if os.Getppid() != pid { // it died meanwhile, and so did the pipe
		unix.Close(fd)
		return -1
	}
	return fd
}

// Processes are looked for again until there were none for so many times, so long apart:
// one that is in the middle of an exec can't be told by its environment.
const (
	quietScans = 2
	scanPause  = 20 * time.Millisecond
	maxScans   = 25
)

// killMarked kills the groups of all processes that are marked with one of the starts.
func killMarked(host uint64, starts map[uint64]bool, spared map[int]bool) {
	for scan, quiet := 0, 0; quiet < quietScans && scan < maxScans; scan++ {
		quiet++
		for _, pid := range marked(host, starts) {
			quiet = 0
			kill(pid, spared)
		}
		time.Sleep(scanPause)
	}
}

// marked returns the living processes that are marked with one of the starts.
func marked(host uint64, starts map[uint64]bool) (pids []int) {
	paths, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range paths {
		environ, err := os.ReadFile(path) // of a zombie it is empty
		if err != nil || !starts[startOf(environ, host)] {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err == nil && pid != os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids
}

// kill kills the group of a process, or only the process if it has joined one that is spared.
func kill(pid int, spared map[int]bool) {
	group, err := unix.Getpgid(pid)
	switch {
	case err != nil || pid <= 1:
	case spared[group]:
		syscall.Kill(pid, syscall.SIGKILL)
	default:
		killGroup(group, spared)
	}
}
