//go:build !linux

package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/kinwire/kinwire/process"
)

// identity would be what no two processes have in common. Here nothing is proven.
type identity struct {
	Boot      string `json:"boot"`
	Namespace string `json:"pid_namespace"`
	PID       int    `json:"pid"`
	Start     uint64 `json:"start_ticks"`
	Number    uint64 `json:"number,omitempty"`
}

func identify(pid int) (identity, error) { return identity{PID: pid}, nil }

func (i identity) isHere() bool       { return true } // what can't be proven is not there
func (i identity) isOfThisBoot() bool { return true }
func (i identity) isAlive() bool      { return false }
func (i identity) wake() bool         { return false }

func bootID() string { return "" }

func evenClock() (time.Duration, bool) { return 0, false }

// left is what a job has left that has no recorder. Nobody knows.
type left struct {
	id     string
	leader identity
}

func (left) end(context.Context, process.Ladder) error { return errors.ErrUnsupported }

func findMarked(string) []int { return nil }
