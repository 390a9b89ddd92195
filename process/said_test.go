//go:build unix

package process

import (
	"syscall"
	"testing"

	"github.com/kinwire/kinwire/wire"
)

// How a report reads that has the reasons of both sides.
func TestReasonsOfBothSides(t *testing.T) {
	said := func(reason string) *wire.Exiting { return &wire.Exiting{Reason: reason} }
	for want, e := range map[string]*Exit{
		"exit status 3 (it said: the disk is full) after 0s":                  {State: Exited, Code: 3, Said: said("the disk is full")},
		"exit status 0 (lunch) after 0s":                                      {State: Exited, Reason: "lunch", Said: said("lunch")},
		"exit status 0 (lunch; it said: dinner) after 0s":                     {State: Exited, Reason: "lunch", Said: said("dinner")},
		"exit status 0 (the host sent SIGTERM: lunch; it said: bye) after 0s": {State: Exited, Reason: "lunch", HostSignal: syscall.SIGTERM, Said: said("bye")},
		"exit status 0 after 0s":                                              {State: Exited, Said: said("")},
		"killed by SIGKILL (lunch) after 0s":                                  {State: Signaled, Signal: syscall.SIGKILL, Code: -1, Reason: "lunch", HostSignal: syscall.SIGKILL},
		"killed by SIGKILL (not sent by the host: lunch) after 0s":            {State: Signaled, Signal: syscall.SIGKILL, Code: -1, Reason: "lunch"},
		"killed by SIGKILL (not sent by the host) after 0s":                   {State: Signaled, Signal: syscall.SIGKILL, Code: -1},
		"ended in an unknown way (lunch) after 0s":                            {Code: -1, Reason: "lunch"},
	} {
		if got := e.String(); got != want {
			t.Errorf("%q; want %q", got, want)
		}
	}
}
