//go:build linux

package jobs

import (
	"os"
	"strconv"
	"syscall"
	"testing"
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
