package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"github.com/kinwire/kinwire/parent"
	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/wire"
)

// The codes of the command line's own, beside those of the protocol.
const (
	codeStartFailed  = "start_failed"
	codeWorkerExited = "worker_exited"
)

// failure is what stands in the place of an answer.
type failure struct {
	Error failureError `json:"error"`
}

type failureError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// failureOf says who failed.
func failureOf(err error) failure {
	code, message := wire.CodeFailed, err.Error()
	var start *parent.StartError
	var exit *process.ExitError
	var said *wire.Error
	switch {
	case errors.As(err, &start): // before what it wraps
		code = codeStartFailed
	case errors.As(err, &exit):
		code = codeWorkerExited
	case errors.As(err, &said):
		code, message = said.Code, said.Message
	case errors.Is(err, context.DeadlineExceeded):
		code = wire.CodeDeadlineExceeded
	case errors.Is(err, context.Canceled):
		code = wire.CodeCanceled
	}
	return failure{failureError{code, message}}
}

// appendFailure adds a failure as a line of JSON.
func appendFailure(dst []byte, err error) []byte {
	line := bytes.NewBuffer(dst)
	enc := json.NewEncoder(line)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(failureOf(err)) // two strings never fail
	return line.Bytes()
}
