//go:build unix

package process

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// children are what the test binary can be when it is started by a test. There are more in
// children_linux_test.go.
var children = map[string]func(args []string){
	// exit prints its second argument to stderr, and exits with its first.
	"exit": func(args []string) {
		if len(args) > 1 {
			fmt.Fprintln(os.Stderr, args[1])
		}
		code, _ := strconv.Atoi(args[0])
		os.Exit(code)
	},
	// wait prints "ready" and lives on.
	"wait": func([]string) {
		fmt.Println("ready")
		time.Sleep(time.Hour)
	},
	// deaf is wait that ignores all that can be ignored.
	"deaf": func([]string) {
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT)
		fmt.Println("ready")
		time.Sleep(time.Hour)
	},
	// polite exits with 0 at the first SIGTERM, and with 9 at a second.
	"polite": func([]string) {
		c := make(chan os.Signal, 2)
		signal.Notify(c, syscall.SIGTERM)
		fmt.Println("ready")
		<-c
		select {
		case <-c:
			os.Exit(9)
		case <-time.After(200 * time.Millisecond):
		}
	},
	// stopped stops itself, and exits with 0 at SIGTERM.
	"stopped": func([]string) {
		c := make(chan os.Signal, 1)
		signal.Notify(c, syscall.SIGTERM)
		fmt.Println("ready")
		syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		<-c
	},
	// mover leaves its group for that of its host, and exits with 4 at SIGTERM.
	"mover": func([]string) {
		c := make(chan os.Signal, 1)
		signal.Notify(c, syscall.SIGTERM)
		hostGroup := must(syscall.Getpgid(os.Getppid()))
		if err := syscall.Setpgid(0, hostGroup); err != nil {
			panic(err)
		}
		fmt.Println("ready")
		<-c
		os.Exit(4)
	},
	// parent leaves a deaf grandchild in its group, which holds its output, and exits
	// with its argument.
	"parent": func(args []string) {
		leaveBehind(&syscall.SysProcAttr{}, "deaf")
		code, _ := strconv.Atoi(args[0])
		os.Exit(code)
	},
	// runaway does the same with a grandchild that leaves the group.
	"runaway": func(args []string) {
		leaveBehind(&syscall.SysProcAttr{Setsid: true}, "deaf")
		code, _ := strconv.Atoi(args[0])
		os.Exit(code)
	},
	// runaway-flood does so with one that prints for ever.
	"runaway-flood": func([]string) { leaveBehind(&syscall.SysProcAttr{Setsid: true}, "flood") },
	// flood prints "ready" and then for ever.
	"flood": func([]string) {
		fmt.Println("ready")
		line := append(bytes.Repeat([]byte("x"), 1000), '\n')
		for {
			if _, err := os.Stdout.Write(line); err != nil {
				os.Exit(1)
			}
		}
	},
	// print writes so many bytes without a newline to stdout, and "end\n".
	"print": func(args []string) {
		n, _ := strconv.Atoi(args[0])
		block := bytes.Repeat([]byte("0123456789abcdef"), 4096)
		for n > 0 {
			n -= must(os.Stdout.Write(block[:min(n, len(block))]))
		}
		os.Stdout.WriteString("end\n")
	},
	// number prints so many numbered lines to both streams.
	"number": func(args []string) {
		n, _ := strconv.Atoi(args[0])
		out := bufio.NewWriter(os.Stdout)
		for i := range n {
			fmt.Fprintf(out, "line %d\n", i)
		}
		out.Flush()
		fmt.Fprintln(os.Stderr, "all printed")
	},
	// crash panics in Go.
	"crash": func([]string) { panic("out of cheese") },
	// facts tells what it was started with.
	"facts": func(args []string) {
		for fd := range 8 {
			flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFL, 0)
			if errno == 0 {
				fmt.Printf("fd %d nonblock=%t\n", fd, flags&syscall.O_NONBLOCK != 0)
			}
		}
		for _, name := range args {
			value, ok := os.LookupEnv(name)
			fmt.Printf("%s=%q %t\n", name, value, ok)
		}
		dir, _ := os.Getwd()
		fmt.Println("dir", dir)
		group, _ := syscall.Getpgid(0)
		fmt.Println("leads", group == os.Getpid())
		fmt.Println("input", must(os.Stdin.Read(make([]byte, 1))))
	},
}

// leaveBehind starts the test binary as a child of the given name, prints its pid to
// stderr, and returns when it runs.
func leaveBehind(attr *syscall.SysProcAttr, name string) {
	cmd := exec.Command(must(os.Executable()))
	cmd.Env = append(os.Environ(), childVar+"="+name)
	cmd.SysProcAttr = attr
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	fmt.Fprintln(os.Stderr, "pid", cmd.Process.Pid)
}

func must[T any](v T, err error) T {
	if err != nil && err != io.EOF {
		panic(err)
	}
	return v
}

// child returns the command that runs the test binary as the child of that name.
func child(t testing.TB, name string, args ...string) Command {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Command{Args: append([]string{self}, args...), Env: []string{
		childVar + "=" + name,
		"GORACE=atexit_sleep_ms=0", // by default each exit takes a second under -race
	}}
}
