package main

import (
	"bufio"
	"context"
	"os"
	"strings"
	"sync"
)

// lines are what somebody types on standard input. A read can't be interrupted, so a goroutine
// reads, from the first question to the end of the program.
type lines struct {
	begin sync.Once
	typed chan string // closed at the end of the input
}

// next returns the next line, without the space around it and in lower case; at the end of the
// input, none.
func (l *lines) next(ctx context.Context) (string, error) {
	l.begin.Do(func() {
		l.typed = make(chan string)
		go func() {
			defer close(l.typed)
			for s := bufio.NewScanner(os.Stdin); s.Scan(); {
				l.typed <- strings.ToLower(strings.TrimSpace(s.Text()))
			}
		}()
	})
	select {
	case line := <-l.typed:
		return line, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
