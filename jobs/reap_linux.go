package jobs

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// reapRecorders reaps the recorders that have ended, if they have become children of this
// process: of the first one in a container, or of a subreaper. Nobody else would.
func reapRecorders() {
	if !isReaper() {
		return
	}
	for _, pid := range children() {
		// A zombie keeps its pid, and nobody waits for one of this name.
		if state, _, err := readStat(pid); err == nil && state == 'Z' && isNamedRecorder(pid) {
			syscall.Wait4(pid, nil, syscall.WNOHANG, nil)
		}
	}
}

// isReaper reports whether orphans become children of this process.
func isReaper() bool {
	var is int32
	err := unix.Prctl(unix.PR_GET_CHILD_SUBREAPER, uintptr(unsafe.Pointer(&is)), 0, 0, 0)
	return os.Getpid() == 1 || err == nil && is != 0
}

// isNamedRecorder reports whether a process, which may be a zombie, has the name of recorders.
func isNamedRecorder(pid int) bool {
	name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return bytes.Equal(bytes.TrimSuffix(name, []byte("\n")), []byte(shortName))
}
