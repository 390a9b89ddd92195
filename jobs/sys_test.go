//go:build linux

package jobs

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// umask sets the umask of this process.
func umask(mask int) int { return syscall.Umask(mask) }

// dupWithoutCloseOnExec returns the number of a descriptor that children inherit.
func dupWithoutCloseOnExec(t testing.TB, f *os.File) string {
	t.Helper()
	fd, err := syscall.Dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	return strconv.Itoa(fd)
}

// write writes a file.
func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// childrenOf returns how many children a process has, zombies included.
func childrenOf(parent int) (count int) {
	for _, pid := range allProcesses() {
		fields := strings.Fields(read("/proc/" + strconv.Itoa(pid) + "/status"))
		for i, field := range fields {
			if field == "PPid:" && fields[i+1] == strconv.Itoa(parent) {
				count++
			}
		}
	}
	return count
}

// immutable makes names in a directory stay as they are, or no more.
func immutable(t testing.TB, dir string, want bool) {
	t.Helper()
	f, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const flag = 0x10 // FS_IMMUTABLE_FL
	flags, err := unix.IoctlGetInt(int(f.Fd()), unix.FS_IOC_GETFLAGS)
	if err == nil {
		flags &^= flag
		if want {
			flags |= flag
		}
		err = unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, flags)
	}
	if err != nil {
		t.Skipf("a directory can't be made immutable here: %v", err)
	}
}
