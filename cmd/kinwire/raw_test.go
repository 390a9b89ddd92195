package main

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"syscall"

	"github.com/kinwire/kinwire/wire"
)

// rawMain is a worker without an SDK, which does what its argument says. Each of the inputs
// is answered by itself, in order.
func rawMain() {
	in, out := link()
	r := raw{in: wire.NewReader(in), out: out}
	mode := os.Args[1]
	if r.start(mode) {
		r.serve(mode)
	}
}

// link is the worker's end of its link.
func link() (in, out *os.File) {
	if os.Getenv("KINWIRE_TRANSPORT") == "stdio" {
		return os.Stdin, os.Stdout
	}
	f := os.NewFile(3, "link")
	return f, f
}

type raw struct {
	in  *wire.Reader
	out io.Writer
}

type message interface{ Append([]byte) []byte }

func (r raw) send(messages ...message) {
	var frames []byte
	for _, m := range messages {
		frames = m.Append(frames)
	}
	r.write(frames)
}

func (r raw) write(b []byte) {
	if _, err := r.out.Write(b); err != nil {
		os.Exit(69)
	}
}

// next reads the next message, or ends the worker with its link.
func (r raw) next() wire.Message {
	body, _, err := r.in.Next()
	if err != nil {
		os.Exit(69)
	}
	m, err := wire.Parse(bytes.Clone(body))
	if err != nil {
		panic(err)
	}
	return m
}

// start makes the handshake, and reports whether there is anything after it.
func (r raw) start(mode string) bool {
	r.next()
	hello := wire.Initialized{Version: 1, Name: "raw", PID: os.Getpid()}
	switch mode {
	case "silent":
		select {}
	case "hello-garbage":
		r.write([]byte("Loading plugins...\n"))
		select {}
	case "hello-half":
		r.write(hello.Append(nil)[:9])
		os.Exit(7)
	case "hello-bomb":
		r.write([]byte("\xff\xff\xff\xff"))
		select {}
	case "hello-deep":
		r.write(frame(bytes.Repeat([]byte{0x91}, 1<<20)))
		select {}
	case "version":
		hello.Version = 2
	case "not-ready":
		hello.Error = wire.Errorf("no_model", "there is no model at %q", "nowhere")
		r.send(hello, wire.Exiting{Code: 1})
		os.Exit(1)
	case "one", "one-mute":
		hello.Concurrency = 1
	}
	r.send(hello)
	if mode == "deaf" {
		signal.Ignore(os.Interrupt, syscall.SIGTERM)
		fmt.Fprintln(os.Stderr, "deaf")
		select {}
	}
	return true
}

// serve answers inputs until Shutdown.
func (r raw) serve(mode string) {
	n := 0
	for {
		switch m := r.next(); m.Type {
		case wire.TypePing:
			ping, _ := m.Ping()
			if mode != "no-pong" {
				r.send(wire.Pong{Seq: ping.Seq})
			}
		case wire.TypeInput:
			in, _ := m.Input()
			if in.Method != nil {
				r.answer(mode, in, n)
				n++
			}
		case wire.TypeShutdown:
			r.send(wire.ShutdownAck{}, wire.Exiting{Code: 0})
			os.Exit(0)
		}
	}
}

func frame(body []byte) []byte {
	n := len(body)
	return append([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, body...)
}

// answer answers the nth input.
func (r raw) answer(mode string, in wire.Input, n int) {
	echo := wire.Output{ID: in.ID, Flags: wire.FlagEnd, Payload: in.Payload}
	switch mode {
	case "half":
		b := echo.Append(nil)
		r.write(b[:len(b)-1])
		fmt.Fprintln(os.Stderr, "out of cheese")
		os.Exit(7)
	case "length":
		r.write([]byte("\xff\xff\xff\xff"))
	case "array":
		r.write(frame([]byte("\xdd\xff\xff\xff\xff")))
	case "array-payload":
		r.write(frame([]byte{0x95, 6, byte(in.ID), 1, 0xc0, 0xdd, 0xff, 0xff, 0xff, 0xff}))
	case "deep":
		deep := bytes.Repeat([]byte{0x91}, 1<<20)
		r.write(frame(append(append([]byte{0x95, 6, byte(in.ID), 1, 0xc0}, deep...), 0)))
	case "garbage":
		r.write([]byte("Traceback (most recent call last):\n"))
	case "two-ends":
		r.send(echo, echo)
	case "unknown":
		r.write(wire.AppendGrease(nil, uint64(n)))
		r.write(frame([]byte{0x92, 99, 0x80}))
		r.send(echo)
	case "mute", "one-mute":
	case "value-only":
		echo.Flags = 0
		r.send(echo)
	case "bad-error":
		r.send(wire.Output{ID: in.ID, Flags: wire.FlagError, Payload: wire.Payload{7}})
	case "nothing":
		r.send(wire.Output{ID: in.ID, Flags: wire.FlagEnd | wire.FlagEmpty})
	case "leave":
		r.send(echo, wire.ShutdownAck{})
	case "goodbye":
		r.send(wire.Exiting{Code: 4, Reason: "enough"})
		os.Exit(4)
	case "huge":
		r.send(wire.Output{ID: in.ID, Flags: wire.FlagEnd, Payload: bin(16<<20 - 64)})
	case "too-huge":
		r.send(wire.Output{ID: in.ID, Flags: wire.FlagEnd, Payload: bin(16 << 20)})
	case "odd":
		echo.Payload = odd[n%len(odd)]
		r.send(echo)
	default:
		r.send(echo)
	}
}

func bin(n int) wire.Payload {
	return append(wire.AppendBinHead(nil, n), make([]byte, n)...)
}

// odd are values that JSON can't say, or not as they are.
var odd = []wire.Payload{
	{0xc4, 3, 1, 2, 3},                      // bin
	number(math.NaN()),                      //
	number(math.Inf(1)),                     //
	number(math.Inf(-1)),                    //
	{0xd4, 5, 0xff},                         // ext 5
	{0x81, 1, 0xa1, 'a'},                    // a map with an int key
	{0xa2, 'a', 0xff},                       // a str that is no UTF-8
	{0xca, 0x3f, 0xc0, 0, 0},                // a float32
	{0xc0},                                  // nil
	{0x81, 0x81, 0x81, 0x81, 1, 1, 1, 1, 1}, // maps as keys, too deep to be said
	{0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, // the largest integer
}

func number(f float64) wire.Payload {
	p, err := wire.Encode(f)
	if err != nil {
		panic(err)
	}
	return p
}
