//go:build linux

package jobs

import (
	"os"
	"strconv"
	"strings"
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
