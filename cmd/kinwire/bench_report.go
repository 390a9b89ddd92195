package main

import (
	"path/filepath"
	"runtime"

	"github.com/kinwire/kinwire/cmd/kinwire/internal/load"
	"github.com/kinwire/kinwire/wire"
)

// report is what a bench has found out, and of what.
type report struct {
	options     *benchOptions
	worker      benchWorker
	levels      []load.Level
	interrupted bool  // by a signal
	lost        error // the end of the worker, which came first
}

// benchWorker is the worker that was measured.
type benchWorker struct {
	Name      string `json:"name"`
	SDK       string `json:"sdk"`
	Transport string `json:"transport"`
}

// newReport returns a report without any levels yet.
func newReport(o *benchOptions, info wire.Initialized) report {
	w := benchWorker{Name: info.Name, SDK: info.SDK, Transport: o.shared.transport}
	if w.Name == "" {
		w.Name = filepath.Base(o.shared.command[0])
	}
	if w.Transport == "" { // the default of package parent
		w.Transport = "socketpair"
		if runtime.GOOS == "windows" {
			w.Transport = "stdio"
		}
	}
	return report{options: o, worker: w}
}

// complete reports whether all levels were measured to their end.
func (r report) complete() bool { return !r.interrupted && r.lost == nil }

// bytesPerSecond is how many bytes were sent in calls that succeeded. It is of no account if
// there was an input: what that becomes is no size that anybody has asked for.
func (r report) bytesPerSecond(l load.Level) float64 { return l.Rate() * float64(r.options.size) }
