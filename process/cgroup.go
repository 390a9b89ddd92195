package process

import "errors"

// Cgroup holds a command, and everything that descends from it, in a control group of its
// own, on Linux: what leaves the process group (setsid, a daemon) stays in it, and dies with
// the rest. The zero Cgroup holds nothing.
type Cgroup struct {
	// Dir is a directory of the cgroup v2 file system in which the host may make
	// directories, such as HostCgroup: each command gets one of its own there, which is
	// removed after its end.
	// Linux 5.14 or newer is needed. Where any of this is missing, Start fails with
	// CauseCgroup.
	Dir string
	// MemoryMax is how many bytes of memory the whole tree may use, and PidsMax how many
	// processes and threads it may have. If zero, there is no limit. The controller must be
	// enabled for the directories in Dir (cgroup.subtree_control); else Start fails. With
	// Command.Rlimits they must leave room for a Go program that starts: some threads, and
	// some MiB.
	MemoryMax, PidsMax int64
}

// errCgroup marks what is wrong with a Cgroup.
var errCgroup = errors.New("cgroup")

// OOM tells whether something was killed for want of memory.
type OOM int

const (
	// OOMUnknown: nothing tells. Not a no.
	OOMUnknown OOM = iota
	// OOMNo: nothing of the command was killed for want of memory.
	OOMNo
	// OOMYes: something of the command was, be it the leader or a descendant.
	OOMYes
)

// String returns "unknown", "no" or "yes".
func (o OOM) String() string { return [...]string{"unknown", "no", "yes"}[o] }
