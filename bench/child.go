package main

import (
	"fmt"
	"os"
	"os/exec"
	"time"
)

// childEnv names the peer whose Serve a re-executed binary is to run.
const childEnv = "KINWIRE_BENCH_CHILD"

// exitGrace is how long a child may take to end at its end of file.
const exitGrace = 5 * time.Second

// serveIfChild runs a peer's Serve if this process was started to do so, and then
// returns its exit status.
func serveIfChild(all []Peer) (code int, isChild bool) {
	name := os.Getenv(childEnv)
	if name == "" {
		return 0, false
	}
	os.Unsetenv(childEnv)
	for _, p := range all {
		if peerName(p) != name {
			continue
		}
		if err := p.Serve(); err != nil {
			fmt.Fprintf(os.Stderr, "bench: child of %s: %v\n", name, err)
			return exitFailed, true
		}
		return exitOK, true
	}
	fmt.Fprintf(os.Stderr, "bench: %s=%s names no peer\n", childEnv, name)
	return exitUsage, true
}

// command returns the command that runs p.Serve in a new process, not yet started.
func command(p Peer) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childEnv+"="+peerName(p))
	cmd.Stderr = os.Stderr
	return cmd, nil
}

// reap waits for a child that has been shown its end of file, and kills it if it is
// still there after exitGrace.
func reap(cmd *exec.Cmd) error {
	timer := time.AfterFunc(exitGrace, func() { _ = cmd.Process.Kill() })
	err := cmd.Wait()
	if !timer.Stop() {
		return fmt.Errorf("child ignored end of file for %v: %w", exitGrace, err)
	}
	return err
}
