//go:build linux

package conformance

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/wire"
)

// The raw worker speaks the protocol by hand, so that it can be wrong in any way. It is right
// unless its name, which is that of a deviation, is asked for somewhere: then it does there
// what the table in deviations_test.go says.

// serveRaw is a worker's main function.
func serveRaw(name string) {
	w := &rawWorker{name: name, calls: map[uint64]*rawCall{}, hostCalls: map[uint64]*rawHostCall{}, nextID: 2, limit: wire.DefaultMaxFrame}
	w.more.L = &w.mu
	w.signals()
	w.connect()
	w.serve()
}

// is reports whether the worker has one of these deviations.
func (w *rawWorker) is(names ...string) bool {
	for _, name := range names {
		if w.name == name {
			return true
		}
	}
	return false
}

func leave(code int, format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(code)
}

func (w *rawWorker) signals() {
	c := make(chan os.Signal, 4)
	signal.Notify(c, syscall.SIGINT, syscall.SIGTERM)
	if w.is("dies of SIGINT") {
		signal.Reset(syscall.SIGINT)
	}
	if w.is("dies of SIGTERM") {
		signal.Reset(syscall.SIGTERM)
	}
	if w.is("ignores all signals") {
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT)
	}
	go func() { // ends with the process
		for sig := range c {
			switch sig {
			case syscall.SIGTERM:
				w.terminate()
			case syscall.SIGINT:
				w.interrupts.Add(1)
			}
		}
	}()
}

// connect finds the worker's end of the link.
func (w *rawWorker) connect() {
	where := os.Getenv(transport.EnvVar)
	os.Unsetenv(transport.EnvVar)
	if w.is("never speaks") {
		time.Sleep(time.Hour)
	}
	if w.is("takes any transport for stdio") && where != "" && !strings.HasPrefix(where, "fd:") {
		where = "stdio"
	}
	if w.is("tells stdout how to start it") {
		fmt.Println("this is a worker")
	}
	if where == "stdio" {
		w.connectStdio()
		return
	}
	number, isSocket := strings.CutPrefix(where, "fd:")
	fd, err := strconv.Atoi(number)
	var stat unix.Stat_t
	if isSocket && err == nil && fd > 2 && unix.Fstat(fd, &stat) == nil && stat.Mode&unix.S_IFMT == unix.S_IFSOCK {
		if !w.is("leaves the link inheritable") {
			unix.CloseOnExec(fd)
		}
		f := os.NewFile(uintptr(fd), "link")
		w.in, w.out = f, f
		return
	}
	switch {
	case isSocket && w.is("reads a closed descriptor"):
		leave(69, "the host is gone")
	case w.is("says nothing of how to start it"):
		os.Exit(64)
	case w.is("exits with 1 without a host") && where == "":
		leave(1, "this is a worker")
	}
	leave(64, "this is a worker: start it with kinwire run")
}

func (w *rawWorker) connectStdio() {
	in, out := 0, 1
	flags := unix.F_DUPFD_CLOEXEC
	if w.is("leaves the link inheritable") {
		flags = unix.F_DUPFD
	}
	if !w.is("uses the standard files") {
		in, _ = unix.FcntlInt(0, flags, 3)
		out, _ = unix.FcntlInt(1, flags, 3)
		null, _ := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
		unix.Dup2(null, 0)
		if !w.is("leaves standard output in the link") {
			unix.Dup2(2, 1)
		}
	}
	w.in, w.out = os.NewFile(uintptr(in), "in"), os.NewFile(uintptr(out), "out")
}

// orphaned is what an end of the link means.
func (w *rawWorker) orphaned(err error) {
	w.mu.Lock()
	open, greeted, refusing := len(w.calls), w.greeted, w.refusing
	sleeping := w.sleeping
	w.mu.Unlock()
	switch {
	case w.is("outlives end of file"),
		w.is("outlives end of file before Initialize") && !greeted,
		w.is("outlives end of file with open exchanges") && open > 0 && !refusing,
		w.is("outlives end of file with busy handlers") && sleeping > 0,
		w.is("outlives end of file in its grace") && refusing,
		w.is("outlives end of file inside a frame") && err == io.ErrUnexpectedEOF:
		time.Sleep(time.Hour)
	case w.is("exits with 0 at end of file"):
		os.Exit(0)
	case w.is("takes 20 s to notice end of file"):
		time.Sleep(20 * time.Second)
	case w.is("crashes at end of file"):
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		time.Sleep(time.Hour)
	}
	leave(69, "the host is gone: %v", err)
}

// fatal is what a breach of the protocol means.
func (w *rawWorker) fatal(err error) {
	switch {
	case w.is("crashes at a breach"):
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		time.Sleep(time.Hour)
	case w.is("hangs at a breach"):
		w.mu.Lock()
		time.Sleep(time.Hour)
	case w.is("exits with 1 at a breach"):
		os.Exit(1)
	}
	leave(65, "%v", err)
}

// send writes frames, one after the other.
func (w *rawWorker) send(frame []byte) {
	if w.is("writes without a lock") {
		go func() {
			for len(frame) > 0 {
				n := min(len(frame), 4096)
				w.out.Write(frame[:n])
				frame = frame[n:]
				time.Sleep(time.Microsecond) // the others' turn
			}
		}()
		return
	}
	w.writing.Lock()
	defer w.writing.Unlock()
	w.write(frame)
}

func (w *rawWorker) write(frame []byte) {
	before := w.interrupts.Load()
	for len(frame) > 0 {
		n := len(frame)
		switch {
		case w.is("writes byte by byte") && n < 500:
			n = 1
		case w.is("gives up a write at SIGINT"):
			if n = min(n, 64<<10); w.interrupts.Load() != before {
				return
			}
		}
		if _, err := w.out.Write(frame[:n]); err != nil {
			w.orphaned(err)
		}
		frame = frame[n:]
	}
}
