package main

import (
	"fmt"
	"time"
)

// countDown shows what is under way, and how long until the end, until it is told to stop.
func countDown(c *console, what string, end time.Time) (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	go func() { // until stop, which waits for done
		defer close(done)
		defer c.clear()
		again := time.NewTicker(progressEvery)
		defer again.Stop()
		for {
			c.show(fmt.Sprintf("%s, %v left", what, max(0, time.Until(end)).Round(time.Second)))
			select {
			case <-again.C:
			case <-quit:
				return
			}
		}
	}()
	return func() {
		close(quit)
		<-done
		c.settle()
	}
}
