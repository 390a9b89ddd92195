//go:build unix

package jobs

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// orders is where a recorder hears that somebody wants the end: a file that says so, and a
// FIFO through which it is woken to look. Where that is damaged, SIGCONT wakes it.
type orders struct {
	ctx   context.Context // ends when somebody does
	dir   jobDir
	end   context.CancelFunc
	order atomic.Pointer[killing]
}

// makeControl makes the FIFO.
func makeControl(path string) error {
	if err := unix.Mkfifo(path, fileMode); err != nil {
		return &os.PathError{Op: "mkfifo", Path: path, Err: err}
	}
	return os.Chmod(path, fileMode) // whatever the umask
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
	continued := make(chan os.Signal, 1)
	signal.Notify(continued, syscall.SIGCONT)
	o.look() // whoever came before
	go func() {
		for range continued {
			o.look()
		}
	}()
	go func() {
		lines := bufio.NewReaderSize(f, longestOrder)
		for {
			line, err := lines.ReadSlice('\n')
			if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
				return
			}
			o.look() // who has written it down came first
			o.hear(line)
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

// hear does what a line from the FIFO says, if that is an order: it could not be written down.
func (o *orders) hear(line []byte) {
	var k killing
	if json.Unmarshal(line, &k) == nil && k.Version > 0 && o.order.CompareAndSwap(nil, &k) {
		o.end()
	}
}

// given returns what was ordered, or nil.
func (o *orders) given() *killing { return o.order.Load() }

// longestOrder is how long an order may be, so that it comes as a whole whoever else writes.
const longestOrder = 4096

// kick wakes the recorder of a job, and tells it what is ordered, unless that is nil. The error
// is syscall.ENXIO if there is none, and syscall.EAGAIN if it is woken by so much that there was
// no room for the order.
func kick(path string, order *killing) error {
	line := []byte("\n") // which ends what others have begun
	if order != nil {
		told, err := json.Marshal(order)
		if err != nil {
			return err
		}
		line = append(append(line, told...), '\n')
	}
	f, err := openControl(path, os.O_WRONLY)
	if err != nil {
		return fmt.Errorf("wake the recorder: %w", err)
	}
	defer f.Close()
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var unsaid error
	err = raw.Control(func(fd uintptr) { _, unsaid = unix.Write(int(fd), line) })
	return errors.Join(err, unsaid)
}
