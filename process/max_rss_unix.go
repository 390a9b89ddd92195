//go:build unix

package process

import (
	"os"
	"runtime"
	"syscall"
)

// maxRSS returns the largest resident set in bytes, or 0 if it is not known. Linux starts
// the count of a child with the peak of the one that forked it, so that a number not above
// that says nothing about the child.
func maxRSS(state *os.ProcessState, hostPeak int64) int64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if peak := rssBytes(usage); peak > hostPeak {
		return peak
	}
	return 0
}

// hostPeak returns what a child's count may have started with.
func hostPeak() int64 {
	var usage syscall.Rusage
	if runtime.GOOS != "linux" || syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return rssBytes(&usage)
}

// rssBytes converts the unit of the system.
func rssBytes(usage *syscall.Rusage) int64 {
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		return int64(usage.Maxrss)
	}
	return int64(usage.Maxrss) << 10
}
