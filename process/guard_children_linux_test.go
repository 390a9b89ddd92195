package process

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The groups that a host starts. Each member tells its pid on standard error, by a line with
// nothing else, and the last line is "ready".
var groups = map[string][]string{
	"idle":  {"sh", "-c", `sleep 1000 & echo $! >&2; echo $$ >&2; echo ready >&2; wait`},
	"spin":  {"sh", "-c", `(while :; do :; done) & echo $! >&2; echo $$ >&2; echo ready >&2; while :; do :; done`},
	"stop":  {"sh", "-c", `sleep 1000 & echo $! >&2; echo $$ >&2; echo ready >&2; wait`}, // the host stops it
	"write": {"sh", "-c", `yes & echo $! >&2; echo $$ >&2; echo ready >&2; wait`},        // nobody reads it
	"deaf":  {"sh", "-c", `trap '' TERM INT HUP QUIT; sleep 1000 & echo $! >&2; echo $$ >&2; echo ready >&2; wait; true`},
	"bare":  {"sh", "-c", `env -i sleep 1000 & echo $! >&2; echo $$ >&2; echo ready >&2; wait`}, // has lost its mark
	"wrap":  {"sh", "-c", `sh -c 'echo $$ >&2; sleep 1000 & echo $! >&2; echo ready >&2; wait; true'; true`},
	"python": {"python3", "-c", `
import os, subprocess, sys, time
c = subprocess.Popen(["sleep", "1000"])
print(os.getpid(), c.pid, "ready", sep="\n", file=sys.stderr, flush=True)
time.sleep(1000)`},
	"runaway": {"sh", "-c", `setsid sh -c 'echo $$ >&2; echo ready >&2; exec sleep 1000' & wait`}, // leaves the group
}

func init() {
	// guarded starts groups, prints "<name> <pid>" for all their members and "ready", and
	// ends at SIGUSR1 in the way that its first argument says.
	children["guarded"] = func(args []string) {
		end := make(chan os.Signal, 1)
		signal.Notify(end, syscall.SIGUSR1)
		for _, name := range args[1:] {
			startGroup(name)
		}
		if err := Unguarded(); err != nil {
			fmt.Println("error", err)
		}
		fmt.Println("ready")
		<-end
		switch args[0] {
		case "panic":
			panic("out of cheese")
		case "exit":
			os.Exit(3)
		case "abort":
			syscall.Kill(os.Getpid(), syscall.SIGABRT)
		case "quit":
			syscall.Kill(os.Getpid(), syscall.SIGQUIT)
		case "return":
			return
		}
		time.Sleep(time.Hour)
	}
	// guarded-step starts a group that is as it should be, and dies at a step of the start of
	// another, which has written its pids to a file then if it was started.
	children["guarded-step"] = func(args []string) {
		step, file := args[0], args[1]
		startGroup("idle")
		startStep = func(now string) {
			if now != step {
				return
			}
			for now != "announced" {
				if _, err := os.Stat(file); err == nil {
					break
				}
				time.Sleep(time.Millisecond)
			}
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
		Start(context.Background(), Command{Args: []string{"sh", "-c", `sleep 1000 & echo $! $$ > "$0.new"; mv "$0.new" "$0"; wait`, file}})
		fmt.Println("error: it lives")
	}
	// guarded-reap dies when a group is dead and its leader is about to be reaped. At that
	// moment a stranger takes the group's id, as far as that is possible already.
	children["guarded-reap"] = func([]string) {
		reap = func(p *os.Process) (*os.ProcessState, error) {
			stranger := exec.Command("sleep", "1000")
			stranger.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: p.Pid}
			if err := stranger.Start(); err != nil {
				fmt.Println("error", err)
			}
			fmt.Println("stranger", stranger.Process.Pid)
			fmt.Println("guardian", guardianOf(os.Getpid()))
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			return nil, nil
		}
		startGroup("idle")
		p, err := Start(context.Background(), Command{Args: []string{"sh", "-c", "sleep 1000 & exit"}})
		if err != nil {
			panic(err)
		}
		<-p.Done()
	}
	// guarded-many starts so many groups of two, and prints the pids.
	children["guarded-many"] = func(args []string) {
		for range must(strconv.Atoi(args[0])) {
			startGroup("idle")
		}
		fmt.Println("ready")
		time.Sleep(time.Hour)
	}
}

// startGroup starts one of groups, and prints its pids when it is as it should be.
func startGroup(name string) *Process {
	ready := make(chan struct{})
	var pids []string
	_, unread, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	p, err := Start(context.Background(), Command{Args: groups[name], Stdout: unread, OnLine: func(l Line) {
		text := string(l.Text)
		switch _, err := strconv.Atoi(text); {
		case err == nil:
			pids = append(pids, text)
		case text == "ready":
			close(ready)
		default:
			fmt.Println("error", name, text)
		}
	}})
	if err != nil {
		panic(err)
	}
	<-ready
	if name == "stop" {
		p.Signal(syscall.SIGSTOP)
	}
	for _, pid := range pids {
		fmt.Println(name, pid)
	}
	return p
}

// guardianOf returns the pid of a host's guardian, or 0.
func guardianOf(host int) int {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", host))
	for _, list := range lists {
		pids, _ := os.ReadFile(list)
		for _, pid := range strings.Fields(string(pids)) {
			command, _ := os.ReadFile("/proc/" + pid + "/cmdline")
			if strings.HasPrefix(string(command), "kinwire-guardian\x00") {
				n, _ := strconv.Atoi(pid)
				return n
			}
		}
	}
	return 0
}
