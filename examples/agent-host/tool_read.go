package main

import (
	"context"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/kinwire/kinwire/wire"
)

// readLimit is how many bytes of a file the agent gets.
const readLimit = 64 << 10

// read reads a file. The root lets no path out of the directory, be it by "..", from "/" or
// through a link.
func (h *host) read(_ context.Context, c call) (answer, error) {
	var in struct {
		Path string `json:"path"`
	}
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	f, err := h.work.OpenFile(in.Path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // no FIFO makes it wait
	if err != nil {
		return answer{}, wire.Errorf(wire.CodeFailed, "%v", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return answer{}, err
	}
	if !info.Mode().IsRegular() {
		return answer{}, wire.Errorf(wire.CodeFailed, "%s is no regular file", in.Path)
	}
	data, err := io.ReadAll(io.LimitReader(f, readLimit+1))
	if err != nil {
		return answer{}, err
	}
	text := strings.ToValidUTF8(string(data[:min(len(data), readLimit)]), "\uFFFD")
	if len(data) > readLimit {
		text += "\n[the rest of the file is left out]"
	}
	return answer{Text: text}, nil
}
