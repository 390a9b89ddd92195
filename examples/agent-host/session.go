package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gofrs/flock"
)

// version is that of the session file.
const version = 1

// session is a conversation that is on the disk, in a directory that only one host has at a
// time.
type session struct {
	file string
	lock *flock.Flock
	work string       // the directory that the agent works in
	said conversation // add alone changes it
}

// stored is the session file.
type stored struct {
	Version  int          `json:"version"`
	Work     string       `json:"work"`
	Messages conversation `json:"messages"`
}

// openSession opens the session in a directory, which is made if it is not there.
func openSession(ctx context.Context, dir string) (*session, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	s := &session{
		file: filepath.Join(dir, "session.json"),
		lock: flock.New(filepath.Join(dir, "lock"), flock.SetPermissions(0o600)),
	}
	// A host that was killed a moment ago may not be gone yet.
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	switch _, err := s.lock.TryLockContext(ctx, 20*time.Millisecond); {
	case errors.Is(err, context.DeadlineExceeded):
		return nil, fmt.Errorf("%s: another host has this session", dir)
	case err != nil:
		return nil, err
	}
	if err := s.load(); err != nil {
		s.close()
		return nil, fmt.Errorf("%s: %w", s.file, err)
	}
	return s, nil
}

// load reads the file; there is none of a new session. One that can't be understood is left
// alone.
func (s *session) load() error {
	text, err := os.ReadFile(s.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var f stored
	if err := json.Unmarshal(text, &f); err != nil {
		return err
	}
	if f.Version != version {
		return fmt.Errorf("it is of version %d, and this is %d", f.Version, version)
	}
	s.work, s.said = f.Work, f.Messages
	return nil
}

// close lets other hosts have the session.
func (s *session) close() { s.lock.Close() }

// workIn says where the agent is to work; "" is the current directory. A session that has begun
// stays where it is, wherever it goes on.
func (s *session) workIn(dir string) error {
	if s.work != "" && dir == "" {
		return nil
	}
	dir, err := filepath.Abs(dir)
	if err == nil && s.work != "" && dir != s.work {
		err = fmt.Errorf("%s: the session works in %s, and not in %s", s.file, s.work, dir)
	}
	if err != nil {
		return err
	}
	s.work = dir
	return nil
}

// add adds a message. When it returns, the message is on the disk, and survives whatever
// happens to the host; after an error nothing was said.
func (s *session) add(m message) error {
	said := append(slices.Clip(s.said), m)
	text, err := json.MarshalIndent(stored{version, s.work, said}, "", "  ")
	if err == nil {
		err = replace(s.file, append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", s.file, err)
	}
	s.said = said
	return nil
}

// replace makes a file be data. Whenever the host is killed, it is what it was before, or that.
// Only one host writes there, so what another one has not finished is overwritten.
func replace(file string, data []byte) error {
	unfinished := file + ".new"
	f, err := os.OpenFile(unfinished, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(unfinished, file)
}
