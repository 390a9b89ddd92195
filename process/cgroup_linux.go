package process

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// leaf is the control group of one command. All methods do nothing on a nil leaf.
type leaf struct {
	path string
	dir  *os.File // open until the start
}

// leaves numbers the leaves of this host.
var leaves atomic.Int64

// open makes a leaf, or returns nil if none is wanted. Nothing is left of one that can't be
// used.
func (c Cgroup) open() (*leaf, error) {
	if c.Dir == "" {
		if c.MemoryMax > 0 || c.PidsMax > 0 {
			return nil, fmt.Errorf("%w: a limit but no Dir", errCgroup)
		}
		return nil, nil
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(c.Dir, &fs); err != nil {
		return nil, fmt.Errorf("%w %q: %w", errCgroup, c.Dir, err)
	}
	if fs.Type != unix.CGROUP2_SUPER_MAGIC {
		return nil, fmt.Errorf("%w %q: not in a cgroup v2 file system", errCgroup, c.Dir)
	}
	l, err := c.makeLeaf()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errCgroup, err)
	}
	if err := l.prepare(c); err != nil {
		l.closeDir()
		l.remove()
		return nil, fmt.Errorf("%w: %w", errCgroup, err)
	}
	return l, nil
}

// makeLeaf makes a directory with a name that is not used yet. A host that was killed may
// have left one.
func (c Cgroup) makeLeaf() (*leaf, error) {
	for {
		l := &leaf{path: filepath.Join(c.Dir, fmt.Sprintf("kinwire-%d-%d", os.Getpid(), leaves.Add(1)))}
		if err := os.Mkdir(l.path, 0o755); !errors.Is(err, os.ErrExist) {
			return l, err
		}
	}
}

// prepare sets the limits and opens what the start needs.
func (l *leaf) prepare(c Cgroup) (err error) {
	if _, err := os.Stat(l.file("cgroup.kill")); err != nil {
		return err
	}
	for name, limit := range map[string]int64{"memory.max": c.MemoryMax, "pids.max": c.PidsMax} {
		if limit <= 0 {
			continue
		}
		if err := writeControl(l.file(name), strconv.FormatInt(limit, 10)); err != nil {
			return err
		}
	}
	l.dir, err = os.Open(l.path)
	return err
}

// file returns the path of one of the leaf's files.
func (l *leaf) file(name string) string { return filepath.Join(l.path, name) }

// writeControl writes to a file that must be there already.
func writeControl(path, value string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}

// hold makes a command start in the leaf.
func (l *leaf) hold(attr *syscall.SysProcAttr) {
	if l != nil {
		attr.UseCgroupFD, attr.CgroupFD = true, int(l.dir.Fd())
	}
}

// closeDir closes what only the start needs.
func (l *leaf) closeDir() {
	if l != nil && l.dir != nil {
		l.dir.Close()
	}
}

// kill kills everything in the leaf.
func (l *leaf) kill() {
	if l != nil {
		writeControl(l.file("cgroup.kill"), "1") // an error: it is removed already
	}
}

// end waits until nothing lives in the leaf, which was killed, at most for drainTime, and
// removes it. It returns what the leaf knows of lacking memory.
func (l *leaf) end() OOM {
	if l == nil {
		return OOMUnknown
	}
	for begin := time.Now(); l.isPopulated() && time.Since(begin) < drainTime; {
		time.Sleep(time.Millisecond)
	}
	verdict := readOOM(l.file("memory.events"))
	l.remove()
	return verdict
}

// isPopulated reports whether anything lives in the leaf.
func (l *leaf) isPopulated() bool {
	events, err := os.ReadFile(l.file("cgroup.events"))
	return err == nil && strings.Contains(string(events), "populated 1")
}

// remove removes the leaf. What something unkillable still lives in stays.
func (l *leaf) remove() {
	if l != nil {
		removeGroup(l.path)
	}
}

// removeGroup removes a control group, with those that its members have made in it.
func removeGroup(path string) {
	if os.Remove(path) == nil {
		return
	}
	entries, _ := os.ReadDir(path)
	for _, each := range entries {
		if each.IsDir() {
			removeGroup(filepath.Join(path, each.Name()))
		}
	}
	os.Remove(path)
}

// readOOM reads the verdict out of a memory.events file, whose counts began with the leaf.
func readOOM(path string) OOM {
	events, err := os.ReadFile(path)
	if err != nil {
		return OOMUnknown
	}
	verdict := OOMUnknown
	for line := range strings.Lines(string(events)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		n, err := strconv.ParseUint(value, 10, 64)
		if err != nil || name != "oom_kill" && name != "oom_group_kill" {
			continue
		}
		if n > 0 {
			return OOMYes
		}
		verdict = OOMNo
	}
	return verdict
}

// isRefused reports whether err may come from starting in a cgroup.
func (c Cgroup) isRefused(err error) bool {
	if c.Dir == "" {
		return false
	}
	for _, each := range []syscall.Errno{unix.EACCES, unix.EPERM, unix.EBUSY, unix.EOPNOTSUPP, unix.ENOSYS, unix.ENODEV} {
		if errors.Is(err, each) {
			return true
		}
	}
	return false
}
