package role

import (
	"syscall"
	"unsafe"
)

// program is what can be executed without any more memory. A limit on memory bites this
// process first, and Go does not survive that it gets none.
type program struct {
	path          *byte
	args, environ []*byte
}

// newProgram gets all the memory that it takes.
func newProgram(path string, args, environ []string) (p program, err error) {
	// Go raises the limit on descriptors for itself. To execute nothing fails, and has
	// undone that.
	syscall.Exec("", nil, nil)
	if p.path, err = syscall.BytePtrFromString(path); err != nil {
		return p, err
	}
	if p.args, err = syscall.SlicePtrFromStrings(args); err != nil {
		return p, err
	}
	p.environ, err = syscall.SlicePtrFromStrings(environ)
	return p, err
}

// exec becomes the program, or returns why it can't.
func (p program) exec() error {
	_, _, errno := syscall.RawSyscall(syscall.SYS_EXECVE, uintptr(unsafe.Pointer(p.path)),
		uintptr(unsafe.Pointer(&p.args[0])), uintptr(unsafe.Pointer(&p.environ[0])))
	return errno
}
