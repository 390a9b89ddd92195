package jobs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// step is where a test lets a process die.
var step = func(string) {}

// encode returns a file's text.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // people read them
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return b.Bytes(), err
}

// writeFile makes a file be data: after any crash it is what it was before, or that. Only one
// process may write it at a time.
func writeFile(path string, data []byte) error {
	r, err := reserveFile(path, len(data))
	if err != nil {
		return err
	}
	return r.commit(data)
}

// writeJSON is writeFile of v.
func writeJSON(path string, v any) error {
	data, err := encode(v)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return writeFile(path, data)
}

// What is in a store is its owner's alone, and open to him: whatever the umask.
const (
	dirMode  = 0o700
	fileMode = 0o600
)

// createFile makes a file that is not there yet.
func createFile(path string, flags int) (*os.File, error) {
	f, err := os.OpenFile(path, flags|os.O_CREATE|os.O_EXCL|openSafely, fileMode)
	if err != nil {
		return nil, err
	}
	f.Chmod(fileMode) // the umask may have taken of it; some file systems have no modes
	giveToOwner(f)
	return f, nil
}

// makeDir makes a directory that is not there yet.
func makeDir(path string) error {
	err := os.Mkdir(path, dirMode)
	if err == nil {
		os.Chmod(path, dirMode) // as above
	}
	return err
}

// reserved is room on the disk for what a file will be, so that a disk that is full by then
// does not matter. (Where files are never overwritten in place, such as on btrfs, it does.)
type reserved struct {
	path  string
	file  *os.File
	named bool // the file has its name, and only the directory may have to be synced
}

// reserveFile makes room for a file of so many bytes. What is left of an earlier process goes.
func reserveFile(path string, size int) (*reserved, error) {
	temporary := path + ".tmp"
	if err := os.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	f, err := createFile(temporary, os.O_WRONLY)
	if err != nil {
		return nil, err
	}
	r := &reserved{path: path, file: f}
	_, err = f.Write(blank(size))
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		r.drop()
		return nil, err
	}
	return r, nil
}

// blank returns so many bytes that mean nothing in JSON.
func blank(size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = '\n'
	}
	return b
}

// commit makes the file be data. After an error it may be called again.
func (r *reserved) commit(data []byte) error {
	if !r.named {
		if err := r.replace(data); err != nil {
			return err
		}
		r.named = true
		r.file.Close()
	}
	return syncDir(filepath.Dir(r.path))
}

// replace puts the new file in the place of the old one.
func (r *reserved) replace(data []byte) error {
	name := filepath.Base(r.path)
	if _, err := r.file.WriteAt(data, 0); err != nil {
		return err
	}
	step("written " + name)
	if err := r.file.Truncate(int64(len(data))); err != nil {
		return err
	}
	if err := r.file.Sync(); err != nil {
		return err
	}
	step("synced " + name)
	if err := os.Rename(r.file.Name(), r.path); err != nil {
		return err
	}
	step("renamed " + name)
	return nil
}

// drop gives the room back.
func (r *reserved) drop() {
	r.file.Close()
	os.Remove(r.file.Name())
}
