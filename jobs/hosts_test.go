//go:build linux

package jobs

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// programs are hosts that use a store. The first argument is its directory.
var programs = map[string]func([]string){
	// start starts a job of the shell, and prints its id.
	"start": func(args []string) {
		s := check(Open(args[0]))
		fmt.Println(check(s.Start(context.Background(), sh(args[1]))).ID)
	},
	// script is start with the script in a file.
	"script": func(args []string) {
		s := check(Open(args[0]))
		fmt.Println(check(s.Start(context.Background(), Spec{Script: args[1]})).ID)
	},
	// host starts a job of the shell, prints its id, and waits.
	"host": func(args []string) {
		s := check(Open(args[0]))
		fmt.Println(check(s.Start(context.Background(), sh(args[1]))).ID)
		time.Sleep(time.Hour)
	},
	// subreaper runs a job to its end as the first process of a container would, and prints how
	// many children it then has.
	"subreaper": func(args []string) {
		adopt()
		s := check(Open(args[0]))
		for range 3 {
			r := check(s.Start(bounded(), sh(args[1])))
			check(s.Wait(bounded(), r.ID))
		}
		for count, begin := 1, time.Now(); count > 0 && time.Since(begin) < patience; time.Sleep(10 * time.Millisecond) {
			check(s.Pending())
			count = childrenOf(os.Getpid())
		}
		fmt.Println(childrenOf(os.Getpid()))
	},
	// careless is start in a host that ignores all that it can.
	"careless": func(args []string) {
		signal.Ignore(syscall.SIGCHLD, syscall.SIGHUP, syscall.SIGTERM, syscall.SIGPIPE)
		s := check(Open(args[0]))
		fmt.Println(check(s.Start(context.Background(), sh(args[1]))).ID)
	},
	// monitor prints the ids of the jobs that it is called for.
	"monitor": func(args []string) {
		s := check(Open(args[0]))
		Monitor{Store: s, Concurrency: 4, Handle: func(_ context.Context, r Record) error {
			fmt.Println(r.ID)
			return nil
		}}.Run(context.Background())
	},
	// claimer claims a job, says so, and waits.
	"claimer": func(args []string) {
		s := check(Open(args[0]))
		check(s.Claim(args[1], Policy{}))
		fmt.Println("claimed")
		time.Sleep(time.Hour)
	},
	// first is the first process of a container. It claims a job, and prints whose that is then.
	"first": func(args []string) {
		mountProc()
		s := check(Open(args[0]))
		check(s.Claim(args[1], Policy{}))
		fmt.Println(check(s.Get(args[1])).FollowUp.State)
	},
	// rival claims each job that it can get, and prints its id.
	"rival": func(args []string) {
		s := check(Open(args[0]))
		for _, r := range check(s.Pending()) {
			c, err := s.Claim(r.ID, Policy{})
			switch {
			case errors.Is(err, ErrNotDue):
			case err != nil:
				panic(err)
			default:
				fmt.Println(c.Record.ID)
			}
		}
	},
}

// check returns a value if there is no error.
func check[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// host is a process that uses a store.
type host struct {
	*exec.Cmd
	lines *bufio.Reader
}

// startHost starts a host, which is killed at the end of the test.
func startHost(t testing.TB, env []string, name string, args ...string) *host {
	t.Helper()
	cmd := child(t, name, args...)
	if len(env) > 0 { // which lets it fail
		cmd.Env, cmd.Stderr = append(cmd.Env, env...), nil
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	r, w := pipe(t)
	cmd.Stdout = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	h := &host{cmd, bufio.NewReader(r)}
	t.Cleanup(h.kill)
	return h
}

// pipe makes a pipe whose reads end.
func pipe(t testing.TB) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	r.SetReadDeadline(time.Now().Add(patience))
	return r, w
}

// kill kills the host with its whole group, and waits for it. It may be called again.
func (h *host) kill() {
	if h.ProcessState == nil {
		syscall.Kill(-h.Process.Pid, syscall.SIGKILL)
		h.Wait()
	}
}

// line returns the next line that the host prints.
func (h *host) line(t testing.TB) string {
	t.Helper()
	line, err := h.lines.ReadString('\n')
	if err != nil {
		t.Fatalf("%q, %v", line, err)
	}
	return strings.TrimSpace(line)
}

// rest returns all that the host prints until its end.
func (h *host) rest(t testing.TB) []string {
	t.Helper()
	all, err := io.ReadAll(h.lines)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(all))
}

// bounded is a context for what must happen.
func bounded() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	context.AfterFunc(ctx, cancel)
	return ctx
}

// runFirstProcess runs a host as the first process of a pid namespace, and returns what it prints.
func runFirstProcess(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := child(t, name, args...)
	cmd.Stderr = nil
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, os.ErrPermission) || strings.HasPrefix(string(out), "skip") {
		t.Skipf("this test needs the right to make a pid namespace: %v %s", err, out)
	}
	if err != nil {
		t.Errorf("%v: %s", err, out)
	}
	return string(out)
}

// mountProc shows the first process of a pid namespace its own.
func mountProc() {
	err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "")
	if err == nil {
		err = syscall.Mount("proc", "/proc", "proc", 0, "")
	}
	if err != nil {
		fmt.Println("skip /proc:", err)
		os.Exit(0)
	}
}

// becomePid starts a stranger with the given pid; nil if it can't.
func becomePid(pid int) *exec.Cmd {
	for range 200 {
		if os.WriteFile("/proc/sys/kernel/ns_last_pid", []byte(strconv.Itoa(pid-1)), 0) != nil {
			return nil
		}
		cmd := exec.Command("sleep", "1000")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if cmd.Start() != nil {
			return nil
		}
		if cmd.Process.Pid == pid {
			return cmd
		}
		cmd.Process.Kill()
		cmd.Wait()
	}
	return nil
}
