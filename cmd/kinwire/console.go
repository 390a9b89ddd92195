package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// console is standard error: lines, and below the last one perhaps the progress. It never
// waits for whoever reads it: lines are dropped while too many are waiting, and a later one
// says how many. Its methods may be called by any number of goroutines, but for close.
type console struct {
	out *lineWriter

	mu      sync.Mutex
	bar     *progressbar.ProgressBar // nil: none is shown
	dropped int
}

// consoleLimit is how many bytes may wait for whoever reads standard error.
const consoleLimit = 4 << 20

func newConsole(to io.Writer) *console { return &console{out: newLineWriter(to, consoleLimit)} }

// Write adds whole lines.
func (c *console) Write(lines []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clearLocked()
	if c.dropped > 0 {
		note := fmt.Sprintf("kinwire: %d lines are missing here, as they were not read in time\n", c.dropped)
		if c.out.offer([]byte(note)) {
			c.dropped = 0
		}
	}
	if !c.out.offer(lines) {
		c.dropped++
	}
	return len(lines), nil
}

// tell adds a line of kinwire itself, which is never dropped.
func (c *console) tell(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clearLocked()
	// If it can't be written there is nobody to tell.
	_ = c.out.print([]byte("kinwire: " + strings.ReplaceAll(err.Error(), "\n", " | ") + "\n"))
}

// show shows progress, in the place of what was shown before.
func (c *console) show(progress string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bar == nil {
		c.bar = newBar(c.out)
	}
	c.bar.Describe(progress)
}

// keepShown shows progress as it is again and again, until it is told to hide it.
func (c *console) keepShown(progress func() string) (hide func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	go func() { // until hide, which waits for done
		defer close(done)
		defer c.clear()
		again := time.NewTicker(progressEvery)
		defer again.Stop()
		for {
			c.show(progress())
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
	}
}

// clear takes the progress away.
func (c *console) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clearLocked()
}

// settle waits a moment until all is written, for whoever prints on the same terminal next.
func (c *console) settle() { c.out.drain(time.Second) }

func (c *console) clearLocked() {
	if c.bar != nil {
		_ = c.bar.Clear() // offering never fails
		c.bar = nil
	}
}

// close ends the console. What it returns is closed when all lines are written.
func (c *console) close() <-chan struct{} {
	c.out.finish()
	return c.out.done
}

// isTerminal reports whether a file is a terminal.
func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
