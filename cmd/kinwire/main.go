// Kinwire is the command line of the project. Its help tells the rest:
//
//	kinwire --help
//	echo '{"hello":"world"}' | kinwire run -- echo-worker
package main

import (
	"errors"
	"fmt"
	"os"
)

func main() {
	os.Exit(execute(os.Args[1:]))
}

// The exit codes, which are binding.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// errFailed is the error of a command that has done what it was told to, has said what went
// wrong, and has no more to say. Every other error of a command is one of usage.
var errFailed = errors.New("failed")

// execute runs the command that args name, and returns the exit code.
func execute(args []string) int {
	root := newRoot()
	root.SetArgs(args)
	cmd, err := root.ExecuteC()
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFailed):
		return exitFailed
	}
	fmt.Fprintf(os.Stderr, "kinwire: %v\nTry '%s --help'.\n", err, cmd.CommandPath())
	return exitUsage
}
