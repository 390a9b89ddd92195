// Package terminal makes pseudo-terminals, for tests of what a program does on one.
package terminal
