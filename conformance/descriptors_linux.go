package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// closeOnExec is O_CLOEXEC among the flags of a descriptor in /proc.
const closeOnExec = 0o2000000

// descriptor is one of the worker's that leads into the link.
type descriptor struct {
	number    int
	inherited bool // by what the worker starts
}

// checkDescriptors looks where the worker's descriptors lead.
func (l *link) checkDescriptors() {
	if pid := l.info.PID; pid != 0 && pid != l.proc.PID() {
		l.t.skip("the worker runs below its command, where its descriptors are not looked for")
	}
	found := l.descriptors()
	if len(found) == 0 {
		l.t.skip("the worker's descriptors can't be seen here")
	}
	standing := slices.DeleteFunc(slices.Clone(found), func(d descriptor) bool { return d.number > 2 })
	moved := len(found) > len(standing)
	for _, d := range found {
		switch {
		case d.number > 2 && d.inherited:
			l.t.fail(fmt.Sprintf("the descriptor %d, which is the link, to be close-on-exec", d.number), "one that what the worker starts inherits")
		case d.number > 2:
		case moved && !l.offers("print"):
			l.t.fail("no way into the link by the descriptors 0 and 1, once it was moved away", fmt.Sprintf("the descriptor %d, which still is the link", d.number))
		default:
			l.t.warn("the descriptor %d still is the link: what is printed to it, or started with it, breaks the link", d.number)
		}
	}
}

// descriptors returns those of the worker that lead into the link.
func (l *link) descriptors() []descriptor {
	dir := fmt.Sprintf("/proc/%d", l.proc.PID())
	entries, _ := os.ReadDir(filepath.Join(dir, "fd"))
	var found []descriptor
	for _, e := range entries {
		name, err := os.Readlink(filepath.Join(dir, "fd", e.Name()))
		if err != nil || !slices.Contains(l.ends, name) {
			continue
		}
		number, _ := strconv.Atoi(e.Name())
		info, _ := os.ReadFile(filepath.Join(dir, "fdinfo", e.Name()))
		_, flags, _ := strings.Cut(string(info), "flags:")
		word, _, _ := strings.Cut(strings.TrimSpace(flags), "\n")
		n, _ := strconv.ParseInt(word, 8, 64)
		found = append(found, descriptor{number, n&closeOnExec == 0})
	}
	return found
}
