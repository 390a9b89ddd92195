package process

import (
	"errors"
	"fmt"
	"math"
)

// Rlimit bounds what each single process of a command may use of a resource.
type Rlimit struct {
	Resource Resource

	// Soft is the bound, in the unit of the resource, and Hard is up to where a process
	// may raise Soft for itself. A Hard below Soft, such as zero, counts as Soft. What is
	// above the host's own hard limit takes the right to do so.
	Soft, Hard uint64
}

// Unlimited is no bound.
const Unlimited uint64 = math.MaxUint64

// Resource is what an [Rlimit] bounds.
type Resource int

const (
	// LimitAddressSpace: bytes of memory that may be mapped, used or not. Programs in Go
	// and Java map far more than they use.
	LimitAddressSpace Resource = iota + 1
	// LimitData: bytes of memory that may be written to and are not shared.
	LimitData
	// LimitCPU: seconds of processor time; then SIGXCPU, and SIGKILL at Hard.
	LimitCPU
	// LimitOpenFiles: descriptors, or rather the number of the largest, plus one.
	LimitOpenFiles
	// LimitProcesses: processes and threads of the user, those outside the command
	// included. It does not bind root.
	LimitProcesses
	// LimitFileSize: bytes that a file may grow to; then SIGXFSZ.
	LimitFileSize
	// LimitCore: bytes of a core dump. Zero: none is written.
	LimitCore
)

// String returns a name such as "open files".
func (r Resource) String() string {
	switch r {
	case LimitAddressSpace:
		return "address space"
	case LimitData:
		return "data"
	case LimitCPU:
		return "processor time"
	case LimitOpenFiles:
		return "open files"
	case LimitProcesses:
		return "processes"
	case LimitFileSize:
		return "file size"
	case LimitCore:
		return "core dump"
	}
	return fmt.Sprintf("resource %d", int(r))
}

// errRlimit says which limit can't be had, and why.
func errRlimit(l Rlimit, err error) error {
	return fmt.Errorf("%w: a limit of %d for %v: %w", errCommand, l.Soft, l.Resource, err)
}

// errNoRlimits is the reason where there is no such thing.
var errNoRlimits = fmt.Errorf("not on this system: %w", errors.ErrUnsupported)
