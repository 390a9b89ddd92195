//go:build unix && !linux

package role

import "syscall"

// program is what can be executed.
type program struct {
	path          string
	args, environ []string
}

func newProgram(path string, args, environ []string) (program, error) {
	return program{path, args, environ}, nil
}

// exec becomes the program, or returns why it can't.
func (p program) exec() error { return syscall.Exec(p.path, p.args, p.environ) }
