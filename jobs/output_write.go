package jobs

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// The output lies in several files, whose names tell where in the output they begin. So they
// can be read while others come and go, and an offset means the same for ever.
const (
	outputFiles = 16 // that are kept at the most
	headFiles   = 4  // of them, the first
	minFileSize = 4 << 10
)

// fullPause is how long to wait after a full disk before something is written again.
const fullPause = time.Second

// outputFile writes the output of a command. One goroutine uses it at a time.
type outputFile struct {
	dir      jobDir
	fileSize int64 // 0: there is one file
	file     *os.File
	room     int64   // in the file
	starts   []int64 // where the files begin
	size     int64   // of the output so far
	lost     int64   // bytes of it that could not be written
	err      error   // why
	retry    time.Time
}

// newOutputFile begins the output, of which so many bytes are kept.
func newOutputFile(d jobDir, kept int64) (*outputFile, error) {
	o := &outputFile{dir: d}
	if kept > 0 {
		o.fileSize = max(kept/outputFiles, minFileSize)
	}
	return o, o.begin()
}

// outputName returns the name of the file that begins at an offset.
func outputName(offset int64) string { return fmt.Sprintf("%s%016d", outputPrefix, offset) }

// begin begins a file at the end of the output, and removes one that is kept no more.
func (o *outputFile) begin() error {
	f, err := createFile(o.dir.file(outputName(o.size)), os.O_WRONLY|os.O_APPEND)
	if err != nil {
		return err
	}
	o.file, o.room = f, o.fileSize
	o.starts = append(o.starts, o.size)
	if o.fileSize > 0 && len(o.starts) > outputFiles {
		os.Remove(o.dir.file(outputName(o.starts[headFiles])))
		o.starts = append(o.starts[:headFiles], o.starts[headFiles+1:]...)
	}
	return nil
}

// write adds to the output. What can't be written is counted, and the next try is some time
// later: the command goes on.
func (o *outputFile) write(b []byte) {
	for len(b) > 0 {
		n, err := o.writeSome(b)
		o.size += int64(n)
		b = b[n:]
		if err != nil {
			o.lose(len(b), err)
			return
		}
	}
}

// writeSome writes what there is room for in a file.
func (o *outputFile) writeSome(b []byte) (int, error) {
	if time.Now().Before(o.retry) {
		return 0, o.err
	}
	if o.file != nil && o.fileSize > 0 && o.room <= 0 {
		o.end()
	}
	if o.file == nil {
		if err := o.begin(); err != nil {
			return 0, err
		}
	}
	if o.fileSize > 0 && int64(len(b)) > o.room {
		b = b[:o.room]
	}
	n, err := o.file.Write(b)
	o.room -= int64(n)
	return n, err
}

// lose notes what could not be written. What comes later goes into another file, since offsets
// stay what they are.
func (o *outputFile) lose(n int, err error) {
	o.lost += int64(n)
	o.size += int64(n)
	o.end()
	if !time.Now().Before(o.retry) {
		o.err, o.retry = err, time.Now().Add(fullPause)
	}
}

// end ends the file that is being written.
func (o *outputFile) end() {
	if o.file == nil {
		return
	}
	info, err := o.file.Stat()
	if err == nil && info.Size() == 0 {
		os.Remove(o.file.Name())
		o.starts = o.starts[:len(o.starts)-1]
	}
	o.file.Close()
	o.file = nil
}

// close makes what is kept survive a crash of the machine. The error tells that something was
// lost, and why.
func (o *outputFile) close() error {
	if o.file != nil {
		o.file.Close()
	}
	for _, start := range o.starts {
		f, err := openFile(o.dir.file(outputName(start)), os.O_WRONLY)
		if err == nil {
			err = errors.Join(f.Sync(), f.Close())
		}
		if err != nil && o.err == nil {
			o.err = err
		}
	}
	return o.err
}
