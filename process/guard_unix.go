//go:build unix

package process

import (
	"os/exec"

	"github.com/kinwire/kinwire/internal/guard"
	"github.com/kinwire/kinwire/internal/role"
)

// guardVar is what marks a command for the guardian.
const guardVar = role.MarkVar

// keeper keeps the guardian of this host.
var keeper guard.Keeper

// Unguarded returns why a command may outlive this host, if it is so: there is no guardian,
// as the package comment tells. Nil means that there is one, as far as is known, or that
// nothing was started yet. It may change at any time: a guardian is looked for again.
func Unguarded() error { return keeper.Err() }

// announce tells the guardian that cmd is about to be started.
func announce(cmd *exec.Cmd) guard.Start {
	start := keeper.Announce()
	cmd.Env = append(cmd.Environ(), start.Env())
	return start
}

// releaseGroup tells the guardian that the group is dead. Its leader is not reaped yet.
func releaseGroup(leader int) { keeper.Release(leader) }
