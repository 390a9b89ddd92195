package jobs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// maxFile is how large a file of a job may be, its output aside.
const maxFile = 8 << 20

// openFile opens a file of the store, which must be a regular one: no link leads out of the
// store, and no FIFO makes anybody wait. A file that is not there is fs.ErrNotExist; what else
// is wrong is a DamageError.
func openFile(path string, flags int) (*os.File, error) {
	f, err := os.OpenFile(path, flags|openSafely, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil {
		if info, lost := os.Lstat(path); lost == nil && !info.Mode().IsRegular() {
			err = notRegular(info)
		}
		return nil, damage(path, err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = notRegular(info)
	}
	if err != nil {
		f.Close()
		return nil, damage(path, err)
	}
	return f, nil
}

// notRegular says what a file is that should be a regular one.
func notRegular(info fs.FileInfo) error {
	kinds := map[fs.FileMode]string{
		fs.ModeDir: "a directory", fs.ModeSymlink: "a symbolic link", fs.ModeNamedPipe: "a FIFO",
		fs.ModeSocket: "a socket",
	}
	kind, ok := kinds[info.Mode().Type()]
	if !ok {
		kind = "a device"
	}
	return fmt.Errorf("it is %s and no regular file", kind)
}

// damage wraps what is wrong with a file, once.
func damage(path string, err error) error {
	var wrapped *fs.PathError
	if errors.As(err, &wrapped) {
		err = wrapped.Err // it would name the path again
	}
	return &DamageError{Path: path, Err: err}
}

// readFile reads a small file of the store.
func readFile(path string) ([]byte, error) {
	f, err := openFile(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return nil, damage(path, err)
	case len(b) > maxFile:
		return nil, damage(path, fmt.Errorf("it is larger than %d bytes", maxFile))
	case len(b) == 0:
		return nil, damage(path, errors.New("it is empty"))
	}
	return b, nil
}

// version is that of the files which this package writes.
const version = 1

// versioned is what each of them begins with. A file of a newer version is read as far as
// it can be, and never written.
type versioned struct {
	Version int `json:"version"`
}

// number returns the version.
func (v versioned) number() int { return v.Version }

// readJSON reads a file of the store into v.
func readJSON(path string, v interface{ number() int }) error {
	b, err := readFile(path)
	if err != nil {
		return err
	}
	if err := parse(b, v); err != nil {
		return damage(path, err)
	}
	if v.number() < 1 {
		return damage(path, errors.New("it has no version"))
	}
	return nil
}

// parse reads JSON into v. What is wrong is said in words that are about the file.
func parse(b []byte, v any) error {
	err := json.Unmarshal(b, v)
	var other *json.UnmarshalTypeError
	switch {
	case errors.As(err, &other) && other.Field == "":
		return fmt.Errorf("it is no JSON object: a JSON %s", other.Value)
	case errors.As(err, &other):
		field := other.Field[strings.LastIndexByte(other.Field, '.')+1:]
		return fmt.Errorf("%q can't be a JSON %s", field, other.Value)
	case err != nil:
		return fmt.Errorf("it is no JSON: %w", err)
	}
	return nil
}
