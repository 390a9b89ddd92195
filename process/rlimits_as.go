//go:build unix && !openbsd

package process

import "golang.org/x/sys/unix"

const rlimitAddressSpace = unix.RLIMIT_AS
