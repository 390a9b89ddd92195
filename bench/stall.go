package main

import (
	"errors"
	"fmt"
	"time"
)

const (
	defaultStall = 30 * time.Second // a measurement that is late by more than this has hung
	closedStall  = 10 * time.Second // and so long its calls have to fail once the link is closed
)

// within runs do, which calls a child. If it is not back in time, within ends the child,
// and does not wait for ever even then; do may then still run.
func within(limit time.Duration, end, do func() error) error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		return err
	case <-time.After(limit):
	}
	hung := fmt.Errorf("a call did not return within %v", limit)
	_ = end() // its error comes again where the link is closed for good
	select {
	case err := <-done:
		return errors.Join(hung, err)
	case <-time.After(closedStall):
		return fmt.Errorf("%w, nor after its link was closed", hung)
	}
}
