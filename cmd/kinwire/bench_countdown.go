package main

import (
	"fmt"
	"time"
)

// countDown shows what is under way, and how long until the end, until it is told to stop.
func countDown(c *console, what string, end time.Time) (stop func()) {
	hide := c.keepShown(func() string {
		return fmt.Sprintf("%s, %v left", what, max(0, time.Until(end)).Round(time.Second))
	})
	return func() {
		hide()
		c.settle()
	}
}
