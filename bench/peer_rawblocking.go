//go:build unix

package main

func init() { register(rawBlocking{}) }

// rawBlocking is the floor: two processes that block in read and write on a
// socketpair, and nothing else.
type rawBlocking struct{}

func (rawBlocking) Info() Info {
	return Info{
		Name:        baseline,
		About:       "blocking read and write of length-prefixed frames on a socketpair: the floor",
		MaxInFlight: 1,
		SaysReady:   true,
	}
}

func (p rawBlocking) Start() (Link, error) { return p.start() }

func (p rawBlocking) StartStream(size int) (Stream, error) { return startRawStream(p.start, size) }

func (p rawBlocking) start() (*rawLink, error) {
	cmd, f, err := startOnSocketpair(p)
	if err != nil {
		return nil, err
	}
	return newRawLink(cmd, f, f)
}

func (rawBlocking) Serve() error {
	f := childEnd()
	defer f.Close()
	fd := blockingFD(f.Fd())
	return serveRaw(fd, fd)
}
