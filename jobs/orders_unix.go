//go:build unix

package jobs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// orders is where a recorder hears that somebody wants the end: a file that says so, and a
// FIFO through which it is woken to look.
type orders struct {
	ctx   context.Context // ends when somebody does
	dir   jobDir
	end   context.CancelFunc
	order atomic.Pointer[killing]
}

// makeControl makes the FIFO.
func makeControl(path string) error {
	if err := unix.Mkfifo(path, 0o600); err != nil {
		return &os.PathError{Op: "mkfifo", Path: path, Err: err}
	}
	return nil
}

// openControl opens the FIFO, and makes sure that it is one.
func openControl(path string, flags int) (*os.File, error) {
	f, err := os.OpenFile(path, flags|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.Mode().Type() != fs.ModeNamedPipe {
		err = damage(path, errors.New("it is no FIFO"))
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// listen begins to listen, until the process ends.
func listen(d jobDir) (*orders, error) {
	f, err := openControl(d.file(controlName), os.O_RDWR) // to write as well: so it never ends
	if err != nil {
		return nil, err
	}
	o := &orders{dir: d}
	o.ctx, o.end = context.WithCancel(context.Background())
	o.look() // whoever came before the FIFO was open
	go func() {
		buf := make([]byte, 64)
		for {
			if _, err := f.Read(buf); err != nil {
				return
			}
			o.look()
		}
	}()
	return o, nil
}

// look looks whether somebody wants the end.
func (o *orders) look() {
	if k, err := o.dir.readKilling(); err == nil && o.order.CompareAndSwap(nil, &k) {
		o.end()
	}
}

// given returns what was ordered, or nil.
func (o *orders) given() *killing { return o.order.Load() }

// kick wakes the recorder of a job. The error is syscall.ENXIO if there is none.
func kick(path string) error {
	f, err := openControl(path, os.O_WRONLY)
	if err != nil {
		return fmt.Errorf("wake the recorder: %w", err)
	}
	defer f.Close()
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	// A full FIFO wakes as well.
	return raw.Control(func(fd uintptr) { unix.Write(int(fd), []byte{1}) })
}
