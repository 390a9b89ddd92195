package stdio

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/windows"

	"github.com/kinwire/kinwire/transport"
)

// Connect makes a link for one worker. The host's ends are not inherited: Go gives a
// process nothing but the handles it lists.
func (Transport) Connect() (transport.Conn, *transport.ChildEnd, error) {
	stdin, toChild, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	fromChild, stdout, err := os.Pipe()
	if err != nil {
		stdin.Close()
		toChild.Close()
		return nil, nil, err
	}
	end := &transport.ChildEnd{Env: envValue, Stdin: stdin, Stdout: stdout}
	return transport.Stream(pipes{fromChild, toChild}), end, nil
}

// Child makes the worker's end of a link from its standard input and output.
//
// It gives the process NUL as standard input and standard error as standard output,
// changes os.Stdin and os.Stdout accordingly, and keeps the link from being inherited. So
// no later print of Go, nor of a process started later, reaches the link. C code in this
// process is out of reach: its runtime has taken the old handles already, and so has Go
// code that keeps an earlier value of os.Stdout.
//
// It fails, and changes nothing, if either is a console or not open. Call it once, before
// anything prints or starts a process.
func Child() (transport.Conn, error) {
	in, out := os.Stdin, os.Stdout
	for _, f := range []*os.File{in, out} {
		if err := keepPrivate(f); err != nil {
			return nil, fmt.Errorf("stdio: %s %w", f.Name(), err)
		}
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("stdio: %w", err)
	}
	errout := os.Stderr
	if _, err := errout.Stat(); err != nil {
		errout = null // there is no standard error
	}
	err = errors.Join(
		windows.SetStdHandle(windows.STD_INPUT_HANDLE, windows.Handle(null.Fd())),
		windows.SetStdHandle(windows.STD_OUTPUT_HANDLE, windows.Handle(errout.Fd())),
	)
	if err != nil {
		null.Close()
		return nil, fmt.Errorf("stdio: %w", os.NewSyscallError("SetStdHandle", err))
	}
	os.Stdin, os.Stdout = null, errout
	return transport.Stream(pipes{in, out}), nil
}

// keepPrivate checks that f can be a link and takes it from later processes.
func keepPrivate(f *os.File) error {
	h := windows.Handle(f.Fd())
	var mode uint32
	if windows.GetConsoleMode(h, &mode) == nil {
		return errors.New("is a console, not a link to a host")
	}
	if err := windows.SetHandleInformation(h, windows.HANDLE_FLAG_INHERIT, 0); err != nil {
		return fmt.Errorf("can't be the link: %w", os.NewSyscallError("SetHandleInformation", err))
	}
	return nil
}

// pipes joins the two files of a link.
type pipes struct{ r, w *os.File }

func (p pipes) Read(b []byte) (int, error)  { return p.r.Read(b) }
func (p pipes) Write(b []byte) (int, error) { return p.w.Write(b) }
func (p pipes) Close() error                { return errors.Join(p.w.Close(), p.r.Close()) }
