package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
)

const (
	wordLen       = 8
	stampStride   = 64 * kiB // every so many bytes stands a word that changes with each call
	alwaysCompare = 4 * kiB  // payloads up to this size are compared whole each time
	compareEvery  = 32       // and larger ones on every so many calls, the first included
)

// An echoCheck makes one caller's payloads, no two alike, and says whether an echo is
// right. It is for one goroutine.
type echoCheck struct {
	payload []byte
	stamps  []int // offsets of the words that change
	caller  int
	calls   uint64
	result  resultMode
	last    []byte // the previous echo, if results must be fresh
}

// newEchoCheck is for payloads of at least 8 bytes.
func newEchoCheck(w Workload, caller int) *echoCheck {
	c := &echoCheck{payload: make([]byte, w.Size), caller: caller, result: w.Result}
	rand.NewChaCha8([32]byte{byte(caller)}).Read(c.payload)
	for at := 0; at <= w.Size-wordLen; at += stampStride {
		c.stamps = append(c.stamps, at)
	}
	c.stamps = append(c.stamps, w.Size-wordLen)
	return c
}

// newChunks makes the chunks of a stream: in the child, which sends what next returns, and
// in the parent, which checks what arrives against it.
func newChunks(size int) *echoCheck { return newEchoCheck(Workload{Size: size}, 0) }

// next returns the payload of the next call, valid until next is called again.
func (c *echoCheck) next() []byte {
	c.calls++
	word := uint64(c.caller)<<48 | c.calls
	for _, at := range c.stamps {
		binary.BigEndian.PutUint64(c.payload[at:], word)
	}
	return c.payload
}

// check says what is wrong with the echo of the payload that next returned last.
func (c *echoCheck) check(echo []byte) error {
	switch {
	case len(echo) != len(c.payload):
		return fmt.Errorf("wrong echo: %d bytes came back as %d", len(c.payload), len(echo))
	case &echo[0] == &c.payload[0]:
		return errors.New("wrong echo: it is the payload's own memory, so nothing was sent")
	case c.result == fresh && len(c.last) > 0 && &echo[0] == &c.last[0]:
		return errors.New("wrong echo: the workload asks for a fresh buffer, and the last one came again")
	}
	if c.result == fresh {
		c.last = echo
	}
	if len(echo) <= alwaysCompare || c.calls%compareEvery == 1 {
		return c.compareAll(echo)
	}
	for _, at := range c.stamps {
		if !bytes.Equal(echo[at:at+wordLen], c.payload[at:at+wordLen]) {
			return c.wrongAt(echo, at)
		}
	}
	return nil
}

func (c *echoCheck) compareAll(echo []byte) error {
	if bytes.Equal(echo, c.payload) {
		return nil
	}
	for at := range echo {
		if echo[at] != c.payload[at] {
			return c.wrongAt(echo, at)
		}
	}
	return errors.New("wrong echo: it changed while it was compared")
}

func (c *echoCheck) wrongAt(echo []byte, at int) error {
	end := min(at+wordLen, len(echo))
	return fmt.Errorf("wrong echo: caller %d, call %d, byte %d: sent % x, got % x",
		c.caller, c.calls, at, c.payload[at:end], echo[at:end])
}
