//go:build race

package fdconn

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// link stands for every link: what happens before a write happens before the read that
// gets it. The packages syscall and unix tell the race detector as much.
var link byte

func raceSending(iov []unix.Iovec) {
	for _, v := range iov {
		runtime.RaceReadRange(unsafe.Pointer(v.Base), int(v.Len))
	}
	runtime.RaceReleaseMerge(unsafe.Pointer(&link))
}

func raceReceived(p []byte) {
	if len(p) > 0 {
		runtime.RaceWriteRange(unsafe.Pointer(&p[0]), len(p))
	}
	runtime.RaceAcquire(unsafe.Pointer(&link))
}
