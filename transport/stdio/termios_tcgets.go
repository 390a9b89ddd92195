//go:build linux || solaris

package stdio

import "golang.org/x/sys/unix"

const getTermios = unix.TCGETS
