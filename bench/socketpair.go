//go:build unix

package main

import (
	"net"
	"os"
	"os/exec"
	"syscall"
)

// childFD is where the child finds its end: the first of exec.Cmd.ExtraFiles.
const childFD = 3

// startOnSocketpair starts p's child on one end of a socketpair and returns the other.
// Both sides are plain: close-on-exec, blocking, default buffers.
func startOnSocketpair(p Peer) (*exec.Cmd, *os.File, error) {
	cmd, err := command(p)
	if err != nil {
		return nil, nil, err
	}
	ours, theirs, err := newSocketpair()
	if err != nil {
		return nil, nil, err
	}
	cmd.ExtraFiles = []*os.File{theirs}
	err = cmd.Start()
	theirs.Close()
	if err != nil {
		ours.Close()
		return nil, nil, err
	}
	return cmd, ours, nil
}

// newSocketpair holds the fork lock, since not every system has SOCK_CLOEXEC.
func newSocketpair() (*os.File, *os.File, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	syscall.CloseOnExec(fds[0])
	syscall.CloseOnExec(fds[1])
	return os.NewFile(uintptr(fds[0]), "parent end"), os.NewFile(uintptr(fds[1]), "child end"), nil
}

// childEnd returns the child's end of the socketpair, close-on-exec.
func childEnd() *os.File {
	syscall.CloseOnExec(childFD)
	return os.NewFile(childFD, "child end")
}

// asConn turns an end of the socketpair into a net.Conn, and closes f in any case.
func asConn(f *os.File) (net.Conn, error) {
	defer f.Close()
	return net.FileConn(f)
}
