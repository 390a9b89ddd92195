package process

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// HostCgroup returns the cgroup v2 directory that the host itself is in, for Cgroup.Dir. It
// is an error if there is none, or if the host may not make directories there: a service of
// systemd may with Delegate=yes.
func HostCgroup() (string, error) {
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", err
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return "", err
	}
	dir, ok := findCgroup(string(own), string(mounts))
	if !ok {
		return "", fmt.Errorf("this host is in no cgroup v2: %w", errors.ErrUnsupported)
	}
	if err := unix.Access(dir, unix.W_OK|unix.X_OK); err != nil {
		return "", &os.PathError{Op: "access", Path: dir, Err: err}
	}
	return dir, nil
}

// findCgroup puts together what a process's cgroup and mountinfo files say.
func findCgroup(own, mounts string) (dir string, ok bool) {
	path := ""
	for line := range strings.Lines(own) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			path = rest
		}
	}
	if path == "" || strings.Contains(path, "/..") {
		return "", false // or outside what is mounted here
	}
	for line := range strings.Lines(mounts) {
		// id, parent, device, root, mount point, options, ..., "-", type, ...
		head, tail, _ := strings.Cut(line, " - ")
		fields := strings.Fields(head)
		if len(fields) < 5 || !strings.HasPrefix(tail, "cgroup2 ") {
			continue
		}
		root, point := strings.TrimSuffix(fields[3], "/"), fields[4]
		if rest, ok := strings.CutPrefix(path, root); ok && (rest == "" || rest[0] == '/') {
			return filepath.Join(point, rest), true
		}
	}
	return "", false
}
