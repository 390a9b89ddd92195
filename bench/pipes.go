//go:build unix

package main

import (
	"os"
	"os/exec"
	"syscall"
)

// startOnPipes starts p's child with pipes as its standard input and output, and returns
// the ends to read from it and to write to it. They are blocking, unlike exec.Cmd's own.
func startOnPipes(p Peer) (cmd *exec.Cmd, in, out *os.File, err error) {
	cmd, err = command(p)
	if err != nil {
		return nil, nil, nil, err
	}
	childIn, out, err := newPipe()
	if err != nil {
		return nil, nil, nil, err
	}
	defer childIn.Close()
	in, childOut, err := newPipe()
	if err != nil {
		out.Close()
		return nil, nil, nil, err
	}
	defer childOut.Close()
	cmd.Stdin, cmd.Stdout = childIn, childOut
	if err := cmd.Start(); err != nil {
		in.Close()
		out.Close()
		return nil, nil, nil, err
	}
	return cmd, in, out, nil
}

// newPipe holds the fork lock, since not every system has pipe2.
func newPipe() (r, w *os.File, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	var fds [2]int
	if err := syscall.Pipe(fds[:]); err != nil {
		return nil, nil, os.NewSyscallError("pipe", err)
	}
	syscall.CloseOnExec(fds[0])
	syscall.CloseOnExec(fds[1])
	return os.NewFile(uintptr(fds[0]), "pipe, to read"), os.NewFile(uintptr(fds[1]), "pipe, to write"), nil
}
