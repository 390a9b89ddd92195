package parent

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kinwire/kinwire/child"
	"github.com/kinwire/kinwire/exchange"
)

// Nothing is left of a host that is killed: the host is a process of its own here.

// hosted are the ways in which the host starts its workers.
var hosted = []struct{ name, shell string }{
	{"plain", ""},
	{"exec", `exec "$0"`},
	{"wrapped", `"$0"; true`}, // the worker is a grandchild
	{"beside", `trap '' TERM HUP INT; sleep 1000 & (sleep 1000; true) & "$0"; true`}, // others know no SDK
}

// busy are the methods that the host calls, a worker for each.
var busy = []string{"idle", "spin", "print", "stop", "flood"}

func init() {
	programs["hosted"] = func([]string) {
		w := worker()
		w.Handlers["idle"] = child.Func(func(context.Context, any) (any, error) { return nil, nil })
		w.Handlers["stop"] = w.Handlers["idle"] // the test does it
		w.Handlers["print"] = func(context.Context, exchange.Request) error {
			for {
				fmt.Println(strings.Repeat("blocked as soon as the host does not read ", 20))
			}
		}
		w.Main()
	}
	programs["host"] = func([]string) {
		for link, transport := range links {
			for _, how := range hosted {
				for _, method := range busy {
					spec := program("hosted")
					spec.Transport = transport
					spec.StartTimeout = -1
					if how.shell != "" {
						spec.Command = []string{"sh", "-c", how.shell, spec.Command[0]}
					}
					w, err := Start(context.Background(), spec)
					if err != nil {
						fmt.Println("error", err)
						os.Exit(1)
					}
					if _, err := w.Open(context.Background(), method, nil); err != nil {
						fmt.Println("error", err)
						os.Exit(1)
					}
					fmt.Printf("%s/%s/%s %d %d\n", link, how.name, method, w.PID(), w.Info().PID)
				}
			}
		}
		fmt.Println("ready")
		select {}
	}
}

func init() {
	programs["watchful host"] = func([]string) {
		spec := program("worker")
		spec.Health = Health{Interval: 20 * time.Millisecond, Timeout: 500 * time.Millisecond, Misses: 10, OnUnhealthy: func(*Worker) { fmt.Println("unhealthy") }}
		w, err := Start(context.Background(), spec)
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		fmt.Println("ready", w.PID())
		for line := bufio.NewScanner(os.Stdin); line.Scan(); {
			err := w.Call(context.Background(), "", line.Text(), nil)
			fmt.Println("called", err)
		}
	}
}

// A host that is stopped for longer than its timeout does not take that for the worker's
// silence: the worker is there afterwards, and was never unhealthy.
func TestHostIsStopped(t *testing.T) {
	self, err := filepath.Abs(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	host := exec.Command(self)
	host.Env = append(os.Environ(), workerVar+"=watchful host", "GORACE=atexit_sleep_ms=0")
	host.Stderr = os.Stderr
	in, err := host.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	defer host.Wait()
	defer host.Process.Kill()
	lines := bufio.NewScanner(out)
	said := func() string {
		if !lines.Scan() {
			t.Fatal("the host is gone")
		}
		return lines.Text()
	}
	var worker int
	if got := said(); !strings.HasPrefix(got, "ready ") {
		t.Fatal(got)
	} else if _, err := fmt.Sscan(got[len("ready "):], &worker); err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		syscall.Kill(host.Process.Pid, syscall.SIGSTOP)
		eventually(t, "the host is stopped", func() bool { return state(host.Process.Pid) == "T" })
		if round == 1 { // and its worker as well, which wakes after it
			syscall.Kill(worker, syscall.SIGSTOP)
		}
		time.Sleep(1600 * time.Millisecond) // more than three times the timeout
		syscall.Kill(host.Process.Pid, syscall.SIGCONT)
		syscall.Kill(worker, syscall.SIGCONT)
		for range 20 {
			fmt.Fprintln(in, "are you there?")
			if got := said(); got != "called <nil>" {
				t.Fatal(got)
			}
		}
	}
}

func TestHostIsKilled(t *testing.T) {
	self, err := filepath.Abs(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	host := exec.Command(self)
	host.Env = append(os.Environ(), workerVar+"=host", "GORACE=atexit_sleep_ms=0")
	host.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	host.Stderr = os.Stderr
	out, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	defer host.Wait()
	defer host.Process.Kill()
	pids := make(map[string]int)
	ready := make(chan string, 1)
	go func() {
		defer close(ready)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			var name string
			var leader, pid int
			if n, _ := fmt.Sscan(lines.Text(), &name, &leader, &pid); n < 3 {
				ready <- lines.Text()
				return
			}
			pids[name+"/leader"], pids[name+"/worker"] = leader, pid
		}
	}()
	if got := await(t, "the host is ready", ready); got != "ready" {
		t.Fatal(got)
	}
	for name, leader := range maps.Clone(pids) {
		if !strings.Contains(name, "/beside/") || !strings.HasSuffix(name, "/leader") {
			continue
		}
		group := members(leader)
		if len(group) < 4 {
			t.Errorf("%s has only %d in its group", name, len(group))
		}
		for _, pid := range group {
			pids[fmt.Sprintf("%s/%d", name, pid)] = pid
		}
	}
	defer func() {
		for _, pid := range pids {
			if t.Failed() && !isGone(pid) {
				syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	}()
	for name, pid := range pids {
		if strings.HasSuffix(name, "/stop/worker") {
			syscall.Kill(pid, syscall.SIGSTOP)
			eventually(t, name+" is stopped", func() bool { return state(pid) == "T" })
		}
		if isGone(pid) {
			t.Errorf("%s is gone too early", name)
		}
	}
	// A host that does not read is what blocks the printing workers.
	syscall.Kill(host.Process.Pid, syscall.SIGSTOP)
	for name, pid := range pids {
		if strings.HasSuffix(name, "/print/worker") {
			eventually(t, name+" is blocked in a write", func() bool { return isBlocked(pid) })
		}
	}
	syscall.Kill(host.Process.Pid, syscall.SIGKILL)
	killed := time.Now()
	for name, pid := range pids {
		eventually(t, name+" is gone", func() bool { return isGone(pid) })
	}
	t.Logf("all %d processes were gone %v after their host", len(pids), time.Since(killed))
}

// members returns the processes of a group.
func members(group int) (pids []int) {
	processes, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range processes {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		if of, err := syscall.Getpgid(pid); err == nil && of == group {
			pids = append(pids, pid)
		}
	}
	return pids
}

// isBlocked reports whether a thread of a process is in a write to a pipe.
func isBlocked(pid int) bool {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/syscall", pid))
	readable := false
	for _, file := range threads {
		call, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		readable = true
		if strings.HasPrefix(string(call), fmt.Sprintf("%d 0x1 ", syscall.SYS_WRITE)) || strings.HasPrefix(string(call), fmt.Sprintf("%d 0x2 ", syscall.SYS_WRITE)) {
			return true
		}
	}
	if !readable { // not for this user: then as well as it can be told
		time.Sleep(200 * time.Millisecond)
		return true
	}
	return false
}
