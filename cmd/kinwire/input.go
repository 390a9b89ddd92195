package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/kinwire/kinwire/cmd/kinwire/internal/jsonvalue"
	"github.com/kinwire/kinwire/wire"
)

// maxLine is the length of the longest line of input. JSON can take several times the bytes
// of the frame that it becomes, which has a limit of its own.
const maxLine = 4 * wire.DefaultMaxFrame

// input is one line of standard input.
type input struct {
	value wire.Payload
	err   error // why the line is no value
}

// read reads the inputs until their end or stop. One that it waits for then is abandoned.
func (p *pipeline) read() {
	defer close(p.inputs)
	lines := jsonvalue.NewLines(p.stdin, maxLine)
	for {
		in, err := nextInput(lines)
		if err != nil {
			if !errors.Is(err, io.EOF) {
				p.fail(fmt.Errorf("standard input: %w", err))
			}
			return
		}
		select {
		case p.inputs <- in:
		case <-p.stopping:
			return
		}
	}
}

// nextInput reads a line. Its error is final.
func nextInput(lines *jsonvalue.Lines) (input, error) {
	line, err := lines.Next()
	var long *jsonvalue.LineTooLongError
	switch {
	case errors.As(err, &long):
		return input{err: wire.Errorf(wire.CodeTooLarge, "%v", long)}, nil
	case err != nil:
		return input{}, err
	}
	value, err := jsonvalue.ToMsgpack(line.Text)
	if err != nil {
		return input{err: wire.Errorf(wire.CodeBadInput, "line %d, %v", line.Number, err)}, nil
	}
	return input{value: value}, nil
}
