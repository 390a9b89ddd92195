package main

import (
	"fmt"
	"io"
	"runtime"
)

// writeGobench prints a line for each round as go test -bench would, for benchstat.
func writeGobench(w io.Writer, all []series) error {
	_, err := fmt.Fprintf(w, "goos: %s\ngoarch: %s\npkg: github.com/kinwire/kinwire/bench\n", runtime.GOOS, runtime.GOARCH)
	for _, s := range all {
		for _, r := range s.rounds {
			if err == nil {
				_, err = fmt.Fprintf(w, "BenchmarkEcho/peer=%s/workload=%s %d %.1f ns/op %.0f p50-ns %.0f p99-ns\n",
					s.peer, s.workload.Name, r.calls, r.nsPerCall, r.p50, r.p99)
			}
		}
	}
	return err
}
