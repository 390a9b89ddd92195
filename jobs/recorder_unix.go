//go:build unix

package jobs

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"

	"github.com/kinwire/kinwire/process"
)

// recorder is the process that sees a job to its end.
type recorder struct {
	dir     jobDir
	request request
	answer  *os.File // until it is known how the start went
	lock    *os.File // held as long as this process lives

	ending  *reserved // room for how it ends
	pids    *reserved // room for which processes there are
	output  *outputFile
	orders  *orders
	started stamp
}

// playRecorder is the whole life of a recorder.
func playRecorder(d jobDir, answer, lock *os.File) int {
	withstand()
	r := &recorder{dir: d, answer: answer, lock: lock, started: now()}
	err := r.prepare()
	if err != nil {
		r.refuse(Failed, err)
		return 1
	}
	step("prepared")
	if order := r.orders.given(); order != nil {
		r.refuse(Killed, errors.New(order.Reason))
		return 1
	}
	p, err := r.start()
	if err != nil {
		r.refuse(Failed, err)
		return 1
	}
	resistOOM()
	say(answer, reply{OK: true})
	step("told")
	r.attend(p)
	r.finish(p.Exit())
	return 0
}

// withstand makes the process outlive what is sent to whole groups, sessions and machines. The
// signals are caught and dropped, and not ignored, as the command would inherit that. And it
// needs little memory.
func withstand() {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM,
		syscall.SIGPIPE, syscall.SIGALRM, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTSTP, syscall.SIGTTIN,
		syscall.SIGTTOU, syscall.SIGXFSZ, syscall.SIGXCPU)
	setName()
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(20)
	adopt()
}

// prepare gets all that will be needed, so that what can be missing is missed before anything
// runs.
func (r *recorder) prepare() (err error) {
	if r.request, err = r.dir.readRequest(); err != nil {
		return err
	}
	if r.orders, err = listen(r.dir); err != nil {
		return err
	}
	// What is known from the beginning on stands in the ending too.
	whole, err := encode(ending{summary: r.request.summary})
	if err != nil {
		return err
	}
	const rest = 16 << 10
	if r.ending, err = reserveFile(r.dir.file(endingName), len(whole)+rest); err != nil {
		return err
	}
	self, err := identify(os.Getpid())
	if err != nil {
		return err
	}
	state := running{versioned: versioned{version}, Recorder: self, Started: r.started}
	if err := writeJSON(r.dir.file(runningName), state); err != nil {
		return err
	}
	if r.pids, err = reserveFile(r.dir.file(runningName), rest); err != nil {
		return err
	}
	r.output, err = newOutputFile(r.dir, r.request.OutputKept)
	return err
}

// start starts the command, and writes down which process it is. If it can't, nothing is left.
func (r *recorder) start() (*process.Process, error) {
	stdin, err := r.openStdin()
	if err != nil {
		return nil, err
	}
	command := r.request.command(r.dir, stdin)
	command.OnChunk = func(c process.Chunk) { r.output.write(c.Data) }
	r.started = now()
	// A start that is given up may still come to its end, and nobody would be there to see it.
	p, err := process.Start(context.Background(), command)
	stdin.Close() // nil or not
	if err != nil {
		return nil, err
	}
	step("started")
	if err := r.noteProcess(p); err != nil {
		p.Kill("it could not be recorded")
		<-p.Done()
		killRest()
		return nil, err
	}
	return p, nil
}

// openStdin opens what the command is to read. Nobody else can from now on.
func (r *recorder) openStdin() (*os.File, error) {
	if !r.request.HasStdin {
		return nil, nil
	}
	path := r.dir.file(stdinName)
	f, err := openFile(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	return f, os.Remove(path)
}

// noteProcess writes down which process the command is.
func (r *recorder) noteProcess(p *process.Process) error {
	self, err := identify(os.Getpid())
	if err != nil {
		return err
	}
	leader, err := identify(p.PID())
	if err != nil && !isClosed(p.Exited()) { // one that has exited needs none
		return err
	}
	data, err := encode(running{versioned: versioned{version}, Recorder: self, Command: &leader, Started: r.started})
	if err != nil {
		return err
	}
	return r.pids.commit(data)
}

// isClosed reports whether something has happened.
func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// refuse ends a job that was not started. The host that waits for it is told, and removes it;
// one that does not finds it as failed.
func (r *recorder) refuse(s State, why error) {
	e := ending{versioned: versioned{version}, summary: r.request.summary, State: s, Reason: why.Error(), Ended: now(), OutOfMemory: "unknown"}
	if r.ending != nil {
		if data, err := encode(e); err == nil && r.ending.commit(data) == nil {
			hintAt(r.dir)
		}
	}
	say(r.answer, replyOf(why))
}

// attend waits until the command has ended, and meanwhile does what is ordered, and reaps what
// the command leaves behind.
func (r *recorder) attend(p *process.Process) {
	children := make(chan os.Signal, 1)
	signal.Notify(children, syscall.SIGCHLD)
	defer signal.Stop(children)
	reapAdopted(p.PID()) // what has ended before anybody was told
	var stopping sync.WaitGroup
	defer stopping.Wait()
	ordered := r.orders.ctx.Done()
	for {
		select {
		case <-p.Done():
			return
		case <-children:
			reapAdopted(p.PID())
		case <-ordered:
			ordered = nil
			stopping.Go(func() { p.Stop(context.Background(), process.Ladder{}, r.orders.given().Reason) })
		}
	}
}
