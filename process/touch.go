package process

import "os"

// touch looks at what the child will look up between fork and exec: its directory, and the
// beginning of its program. Where that hangs, it hangs here, and harms nobody else: in the
// child it would hold up the one thread that makes the starts, and with it Go's garbage
// collector and so the whole host. What is wrong with them, the start finds out.
func (c Command) touch() {
	checkDir(c.Dir)
	path := programPath(c)
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return // to open a device can have effects, and to open a FIFO can hang
	}
	if f, err := os.Open(path); err == nil {
		f.Read(make([]byte, 1))
		f.Close()
	}
}
