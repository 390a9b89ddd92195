package role

import (
	"os"
	"strconv"
	"syscall"
	"time"
)

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
	proc, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer proc.Close()
	names, _ := proc.Readdirnames(-1)
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil || pid <= 1 || pid == os.Getpid() {
			continue
		}
		environ, err := os.ReadFile("/proc/" + name + "/environ") // of a zombie it is empty
		if err == nil && starts[startOf(environ, host)] {
			pids = append(pids, pid)
		}
	}
	return pids
}

// kill kills the group of a process, or only the process if it has joined one that is spared.
func kill(pid int, spared map[int]bool) {
	group, err := syscall.Getpgid(pid)
	switch {
	case err != nil:
	case spared[group]:
		syscall.Kill(pid, syscall.SIGKILL)
	default:
		killGroup(group, spared)
	}
}
