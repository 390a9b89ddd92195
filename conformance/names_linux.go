package conformance

import (
	"fmt"
	"os"

	"github.com/kinwire/kinwire/transport"
)

// names returns what the kernel calls the files of the worker's end, in the order of its
// standard input, its standard output, and the others.
func names(end *transport.ChildEnd) []string {
	var all []string
	for _, f := range append([]*os.File{end.Stdin, end.Stdout}, end.Extra...) {
		if f == nil {
			continue
		}
		if name, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", f.Fd())); err == nil {
			all = append(all, name)
		}
	}
	return all
}
