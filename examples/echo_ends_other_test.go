//go:build !linux

package examples_test

// beHost is for the tests that kill a host, which are for Linux.
func beHost() bool { return false }
