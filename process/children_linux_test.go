package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func init() {
	// spin ignores what it can, and keeps a core busy.
	children["spin"] = func([]string) {
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
		fmt.Println("ready")
		//lint:ignore SA5002 a busy core is what it is for
		for {
		}
	}
	// hungry uses so many bytes of memory.
	children["hungry"] = func(args []string) {
		n, _ := strconv.Atoi(args[0])
		memory := make([]byte, n)
		for i := 0; i < n; i += 4096 {
			memory[i] = 1
		}
		fmt.Println(memory[n/2])
	}
	// host starts an idle, a stopped and a spinning worker, prints their pids, and waits.
	children["host"] = func([]string) {
		for _, name := range []string{"wait", "deaf", "spin"} {
			ready := make(chan struct{})
			c := Command{Args: os.Args[:1], Env: []string{childVar + "=" + name}}
			c.OnLine = func(Line) { close(ready) }
			p, err := Start(context.Background(), c)
			if err != nil {
				panic(err)
			}
			<-ready
			if name == "deaf" {
				p.Signal(syscall.SIGSTOP)
			}
			fmt.Println(name, p.PID())
		}
		fmt.Println("ready")
		time.Sleep(time.Hour)
	}
	// careless ignores SIGCHLD, which makes the kernel reap its children.
	children["careless"] = func([]string) {
		signal.Ignore(syscall.SIGCHLD)
		p, err := Start(context.Background(), Command{Args: []string{"sh", "-c", "exit 3"}})
		if err != nil {
			panic(err)
		}
		<-p.Done()
		fmt.Println(p.Exit().State, p.Exit().Code, p.Exit().Success())
	}
	// poor starts commands with fewer and fewer descriptors left.
	children["poor"] = func([]string) { poor() }
	// reuse signals a command that has ended, and whose pid somebody else has got.
	children["reuse"] = func([]string) { reuse() }
}

// poor tries to start a command with 0, 1, 2, ... descriptors to spare, and says what came
// of it.
func poor() {
	const limit = 40
	first := Command{Args: []string{"true"}}
	p, err := Start(context.Background(), first) // opens what stays open: Go's poller
	if err != nil {
		panic(err)
	}
	<-p.Done()
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
		panic(err)
	}
	var hoard []*os.File
	for {
		f, err := os.Open("/dev/null")
		if err != nil {
			break
		}
		hoard = append(hoard, f)
	}
	for spare := 0; len(hoard) > 0 && spare < 20; spare++ {
		before := countDescriptors(limit)
		fmt.Println(spare, tryStart(), countDescriptors(limit)-before)
		hoard[len(hoard)-1].Close()
		hoard = hoard[:len(hoard)-1]
	}
}

// tryStart says in a word what becomes of a start.
func tryStart() string {
	p, err := Start(context.Background(), Command{
		Args:  []string{"sh", "-c", "cat; exit 3"},
		Input: strings.NewReader("hello\n"),
		Extra: []*os.File{os.Stdout},
	})
	var startErr *StartError
	switch {
	case err == nil:
		<-p.Done()
		if e := p.Exit(); e.Code != 3 || string(e.Stdout.Tail) != "hello\n" {
			return "wrong:" + e.String()
		}
		return "started"
	case errors.As(err, &startErr) && startErr.Cause == CauseHost && errors.Is(err, syscall.EMFILE):
		return "emfile"
	}
	return "wrong:" + err.Error()
}

// countDescriptors counts them without opening one.
func countDescriptors(limit int) int {
	n := 0
	for fd := range limit {
		if _, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFD, 0); errno == 0 {
			n++
		}
	}
	return n
}

// reuse runs as the first process of a pid namespace, so that it can choose pids.
func reuse() {
	p, err := Start(context.Background(), Command{Args: []string{"true"}})
	if err != nil {
		panic(err)
	}
	<-p.Done()
	for range 100 {
		last := []byte(strconv.Itoa(p.PID() - 1))
		if err := os.WriteFile("/proc/sys/kernel/ns_last_pid", last, 0); err != nil {
			fmt.Println("skip", err)
			return
		}
		stranger := exec.Command("sleep", "1000")
		stranger.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := stranger.Start(); err != nil {
			panic(err)
		}
		if stranger.Process.Pid != p.PID() {
			stranger.Process.Kill()
			stranger.Wait()
			continue
		}
		p.Kill("late")
		p.Terminate("late")
		fmt.Println("signal:", p.Signal(syscall.SIGKILL))
		time.Sleep(50 * time.Millisecond)
		// Signal 10 does kill it, so that nothing before has.
		syscall.Kill(-p.PID(), syscall.SIGUSR1)
		stranger.Wait()
		fmt.Println("stranger:", stranger.ProcessState)
		return
	}
	fmt.Println("skip: the pid did not come again")
}
