//go:build unix

package main

import "syscall"

func init() { register(rawPipes{}) }

// rawPipes is the floor for a child that is called on its standard input and answers on
// its standard output.
type rawPipes struct{}

func (rawPipes) Info() Info {
	return Info{
		Name:        pipesByHand,
		About:       "raw-blocking on two pipes, the child's standard input and output",
		MaxInFlight: 1,
		SaysReady:   true,
	}
}

func (p rawPipes) Start() (Link, error) { return p.start() }

func (p rawPipes) StartStream(size int) (Stream, error) { return startRawStream(p.start, size) }

func (p rawPipes) start() (*rawLink, error) {
	cmd, in, out, err := startOnPipes(p)
	if err != nil {
		return nil, err
	}
	return newRawLink(cmd, in, out)
}

func (rawPipes) Serve() error {
	return serveRaw(blockingFD(syscall.Stdin), blockingFD(syscall.Stdout))
}
