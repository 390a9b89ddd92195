package memory

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// pageSize is what RSS is counted in.
var pageSize = int64(os.Getpagesize())

// drift is by how much less the kernel may tell than a process has: since 6.2 it counts
// pages on each processor by itself, and adds them up only now and then.
var drift = int64(runtime.NumCPU()*max(32, 2*runtime.NumCPU())) * pageSize

// appendProcesses adds all processes that /proc has.
func appendProcesses(all []process) []process {
	dir, err := os.Open("/proc")
	if err != nil {
		return all
	}
	defer dir.Close()
	buf := make([]byte, 1024)
	for {
		names, err := dir.Readdirnames(1024)
		for _, name := range names {
			pid, err := strconv.Atoi(name)
			if err != nil {
				continue
			}
			if p, ok := parseStat(pid, readStat(int(dir.Fd()), name, buf)); ok {
				all = append(all, p)
			}
		}
		if err != nil {
			return all
		}
	}
}

// readStat returns what there is of a process's stat file; nothing if it is gone.
func readStat(dir int, name string, buf []byte) []byte {
	fd, err := unix.Openat(dir, name+"/stat", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	n, err := unix.Read(fd, buf)
	if err != nil {
		return nil
	}
	return buf[:n]
}

// Fields of stat, counted from the one behind the name, which may hold anything.
const (
	statParent = 1
	statGroup  = 2
	statRSS    = 21
)

// parseStat reads a stat file.
func parseStat(pid int, stat []byte) (p process, ok bool) {
	_, rest, ok := cutLast(stat, ") ")
	if !ok {
		return p, false
	}
	p.pid = pid
	for i := 0; i <= statRSS; i++ {
		field, after, more := bytes.Cut(rest, []byte(" "))
		if !more {
			return p, false
		}
		switch i {
		case statParent:
			p.parent = atoi(field)
		case statGroup:
			p.group = atoi(field)
		case statRSS:
			p.rss = int64(atoi(field)) * pageSize
		}
		rest = after
	}
	return p, true
}

// cutLast cuts s around the last sep.
func cutLast(s []byte, sep string) (before, after []byte, found bool) {
	if i := bytes.LastIndex(s, []byte(sep)); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, nil, false
}

// atoi reads a number, or 0 if it is none, without allocating.
func atoi(digits []byte) (n int) {
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// resident returns the RSS of a process.
func (p process) resident() int64 { return p.rss }

// proportional returns the PSS of a process, if it may be known. Of one that has ended since
// the list was read it is 0.
func (p process) proportional() (bytes int64, ok bool) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/smaps_rollup", p.pid))
	if errors.Is(err, fs.ErrNotExist) { // before Linux 4.14, or the process is gone
		f, err = os.Open(fmt.Sprintf("/proc/%d/smaps", p.pid))
	}
	if errors.Is(err, fs.ErrNotExist) {
		_, statErr := os.Stat(fmt.Sprintf("/proc/%d", p.pid))
		return 0, statErr != nil
	}
	if err != nil {
		return 0, errors.Is(err, unix.ESRCH)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if rest, found := strings.CutPrefix(lines.Text(), "Pss:"); found {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 10, 64)
			if err != nil {
				return 0, false
			}
			bytes, ok = bytes+kib<<10, true
		}
	}
	switch {
	case errors.Is(lines.Err(), unix.ESRCH): // it has ended
		return 0, true
	case lines.Err() != nil:
		return 0, false
	}
	return bytes, ok || p.rss == 0 // a zombie has nothing to look at
}
