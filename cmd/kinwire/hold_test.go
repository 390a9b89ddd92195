package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// holdMain is the program hold, which holds a conversation with another one whose standard
// input stays open:
//
//	hold STEP... -- PROGRAM ARGS...
//
// The steps are done one after the other:
//
//	say=TEXT       write a line to its standard input
//	await=REGEXP   wait until its output, behind what was awaited before, matches
//	send=SIGNAL    send it INT, TERM or KILL
//	pause=DURATION wait for what can't be seen
//	deafen         read its standard output no more: close it
//	stall          (first of all) do not read its standard output until it has ended
//	end            close its standard input
//
// Then hold waits for its end, and exits as it did, or with 97 if a signal ended it. It prints what the program printed. If
// all takes more than 20 s, the program is killed and hold exits with 99.
func holdMain() {
	dash := slices.Index(os.Args, "--")
	h := newHeld(os.Args[dash+1:])
	deadline := time.AfterFunc(20*time.Second, func() {
		h.cmd.Process.Kill()
		h.seen.mu.Lock()
		fmt.Fprintf(os.Stderr, "hold: 20 s are over; the output was:\n%s\n", h.seen.all)
		os.Exit(99)
	})
	for _, step := range os.Args[1:dash] {
		h.do(step)
	}
	code := h.wait()
	deadline.Stop()
	os.Exit(code)
}

// held is the program in the grip of hold.
type held struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout io.ReadCloser
	output sync.WaitGroup
	seen   output
	stalls bool
}

func newHeld(args []string) *held {
	h := &held{cmd: exec.Command(args[0], args[1:]...)}
	h.seen.grown.L = &h.seen.mu
	h.stdin, _ = h.cmd.StdinPipe()
	h.stdout, _ = h.cmd.StdoutPipe()
	stderr, _ := h.cmd.StderrPipe()
	check(h.cmd.Start())
	h.output.Go(func() { io.Copy(io.MultiWriter(os.Stderr, &h.seen), stderr) })
	if h.stalls = os.Args[1] == "stall"; !h.stalls {
		h.read()
	}
	return h
}

func (h *held) read() {
	h.output.Go(func() { io.Copy(io.MultiWriter(os.Stdout, &h.seen), h.stdout) })
}

func (h *held) do(step string) {
	verb, arg, _ := strings.Cut(step, "=")
	switch verb {
	case "say":
		_, err := io.WriteString(h.stdin, arg+"\n")
		check(err)
	case "await":
		h.seen.await(regexp.MustCompile("(?m)" + arg))
	case "send":
		sig := map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM, "KILL": os.Kill}[arg]
		check(h.cmd.Process.Signal(sig))
	case "pause":
		d, err := time.ParseDuration(arg)
		check(err)
		time.Sleep(d)
	case "deafen":
		check(h.stdout.Close())
	case "end":
		check(h.stdin.Close())
	case "stall":
	default:
		check(fmt.Errorf("no such step: %s", step))
	}
}

// wait returns the program's exit code.
func (h *held) wait() int {
	if h.stalls {
		_, err := h.cmd.Process.Wait()
		check(err)
		return 0
	}
	h.output.Wait()
	err := h.cmd.Wait()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.Exited():
		return exit.ExitCode()
	case errors.As(err, &exit): // by a signal
		return 97
	case err != nil:
		check(err)
	}
	return 0
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "hold:", err)
		os.Exit(98)
	}
}

// output is what a program has printed on both its streams.
type output struct {
	mu    sync.Mutex
	grown sync.Cond
	all   []byte
	at    int // what is behind it was not awaited yet
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all = append(o.all, b...)
	o.grown.Broadcast()
	return len(b), nil
}

func (o *output) await(pattern *regexp.Regexp) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		if m := pattern.FindIndex(o.all[o.at:]); m != nil {
			o.at += m[1]
			return
		}
		o.grown.Wait()
	}
}
