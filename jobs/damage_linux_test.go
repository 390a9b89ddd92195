package jobs

import (
	"errors"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// garbage is what a file can be that should be one of a job's, and what is said about it.
var garbage = map[string]struct {
	make  func(path string) error
	words string
}{
	"empty":        {text(""), "it is empty"},
	"number":       {text("4"), "it is no JSON object: a JSON number"},
	"null":         {text("null"), "it has no version"},
	"no version":   {text("{}"), "it has no version"},
	"wrong type":   {text(`{"version":"one"}`), `"version" can't be a JSON string`},
	"half":         {text(`{"version":1,"id":"1`), "it is no JSON: unexpected end"},
	"binary":       {text("\x00\xff\x00\xff"), "it is no JSON: invalid character"},
	"nested":       {text(strings.Repeat("[", 1<<20)), "exceeded max depth"},
	"sparse":       {sparse, "it is larger than"},
	"link":         {func(path string) error { return os.Symlink("/etc/passwd", path) }, "it is a symbolic link"},
	"dead link":    {func(path string) error { return os.Symlink("/none/such", path) }, "it is a symbolic link"},
	"FIFO":         {func(path string) error { return syscall.Mkfifo(path, 0o600) }, "it is a FIFO"},
	"directory":    {func(path string) error { return os.Mkdir(path, 0o700) }, "it is a directory"},
	"device":       {func(path string) error { return syscall.Mknod(path, syscall.S_IFCHR|0o600, 1<<8|3) }, "it is a device"},
	"socket":       {socket, "it is a socket"},
	"of wrong job": {text(`{"version":1,"id":"0000000000000000","state":"succeeded","command":["x"]}`), `it is about job "0000000000000000"`},
}

func text(s string) func(string) error {
	return func(path string) error { return os.WriteFile(path, []byte(s), 0o600) }
}

// sparse makes a file of a gigabyte without contents.
func sparse(path string) error {
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		return err
	}
	return os.Truncate(path, 1<<30)
}

func socket(path string) error { return syscall.Mknod(path, syscall.S_IFSOCK|0o600, 0) }

// Garbage is an error that names the file, at once, and no other job's concern.
func TestGarbage(t *testing.T) {
	s := newStore(t)
	good := run(t, s, sh("exit 6"))
	ended := run(t, s, sh("true"))
	open := start(t, s, sh("sleep 1000"))
	for _, c := range []struct{ id, name string }{
		{ended.ID, endingName}, {ended.ID, followUpName}, {open.ID, requestName}, {open.ID, runningName},
	} {
		for kind, g := range garbage {
			if kind == "of wrong job" && (c.name == followUpName || c.name == runningName) {
				continue // which have no id
			}
			t.Run(c.name+" is "+kind, func(t *testing.T) {
				path := s.job(c.id).file(c.name)
				os.Rename(path, path+".saved")
				defer os.Rename(path+".saved", path)
				if err := g.make(path); errors.Is(err, os.ErrPermission) {
					t.Skip(err)
				} else if err != nil {
					t.Fatal(err)
				}
				defer os.RemoveAll(path)
				checkDamage(t, s, good, c.id, path, g.words)
			})
		}
	}
	wantState(t, get(t, s, ended.ID), Succeeded)
	wantState(t, get(t, s, open.ID), Running)
}

// checkDamage checks what is said about a damaged file.
func checkDamage(t *testing.T, s *Store, good Record, id, path, words string) {
	t.Helper()
	_, err := s.Get(id)
	var damaged *DamageError
	if !errors.As(err, &damaged) || damaged.Path != path || !strings.Contains(err.Error(), words) || strings.Count(err.Error(), path) != 1 {
		t.Errorf("%v, want %q", err, words)
	}
	records, err := s.List(Filter{})
	if !slices.ContainsFunc(records, func(r Record) bool { return r.ID == good.ID && *r.ExitCode == 6 }) ||
		slices.ContainsFunc(records, func(r Record) bool { return r.ID == id }) || !errors.As(err, &damaged) || damaged.Path != path {
		t.Errorf("%v, %v", records, err)
	}
	if _, err := s.Prune(Retention{}); !errors.As(err, &damaged) {
		t.Error(err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Error(err)
	}
}

// What is no directory is no job, and what has another name is none of the store's concern.
func TestStrangersInTheStore(t *testing.T) {
	s := newStore(t)
	good := run(t, s, sh("true"))
	write(t, s.dir+"/README", "x")
	write(t, s.dir+"/.hidden", "x")
	if err := os.Mkdir(s.dir+"/other", 0o700); err != nil {
		t.Fatal(err)
	}
	if records, err := s.List(Filter{}); err != nil || len(records) != 1 {
		t.Error(records, err)
	}
	for i, make := range []func(string) error{text("x"), func(path string) error { return os.Symlink(string(s.job(good.ID)), path) }} {
		path := s.dir + "/" + newID(time.Unix(int64(i), 0))
		if err := make(path); err != nil {
			t.Fatal(err)
		}
		var damaged *DamageError
		if records, err := s.List(Filter{}); len(records) != 1 || !errors.As(err, &damaged) || damaged.Path != path {
			t.Error(records, err)
		}
		os.Remove(path)
	}
}

// A lock that is none is an error. The job goes on, and can be killed.
func TestDamagedLock(t *testing.T) {
	s := newStore(t)
	for kind, g := range garbage {
		if strings.HasPrefix(g.words, "it is a ") { // what a regular file has in it is of no account
			t.Run(kind, func(t *testing.T) {
				r := start(t, s, sh("sleep 1000"))
				path := s.job(r.ID).file(lockName)
				replace(t, path, g.make)
				var damaged *DamageError
				if _, err := s.Get(r.ID); !errors.As(err, &damaged) || damaged.Path != path || !strings.Contains(err.Error(), g.words) {
					t.Error(err)
				}
				if _, err := s.Kill(within(t), r.ID, ""); !errors.As(err, &damaged) {
					t.Error(err)
				}
				eventually(t, "it has ended", func() bool {
					r, err := s.Get(r.ID)
					return err == nil && r.State == Killed
				})
			})
		}
	}
}

// Whatever has become of the FIFO, the recorder is woken.
func TestDamagedControl(t *testing.T) {
	s := newStore(t)
	for kind, g := range garbage {
		t.Run(kind, func(t *testing.T) {
			r := start(t, s, sh("sleep 1000"))
			replace(t, s.job(r.ID).file(controlName), g.make)
			wantState(t, must(s.Kill(within(t), r.ID, ""))(t), Killed)
		})
	}
}

// replace puts something else in the place of a file.
func replace(t *testing.T, path string, make func(string) error) {
	t.Helper()
	if err := make(path + ".new"); errors.Is(err, os.ErrPermission) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove(path), os.Rename(path+".new", path)); err != nil {
		t.Fatal(err)
	}
}

// What is left of others is not taken for this job's.
func TestStaleFiles(t *testing.T) {
	s := newStore(t)
	old := run(t, s, sh("exit 1"))
	r := start(t, s, sh("sleep 0.3; exit 2"))
	for _, name := range []string{endingName, followUpName, runningName} {
		write(t, s.job(r.ID).file(name+".tmp.old"), read(s.job(old.ID).file(endingName)))
	}
	wantState(t, get(t, s, r.ID), Running)
	if r = wait(t, s, r.ID); *r.ExitCode != 2 {
		t.Error(r.Summary())
	}
}

// A record of a newer version is read as far as it can be.
func TestNewerVersion(t *testing.T) {
	s := newStore(t)
	r := run(t, s, sh("exit 7"))
	path := s.job(r.ID).file(endingName)
	text := strings.Replace(read(path), `"version": 1`, `"version": 9, "flavour": {"of": ["the", "month"]}`, 1)
	text = strings.Replace(text, `"state": "failed"`, `"state": "evaporated"`, 1)
	write(t, path, text)
	r = get(t, s, r.ID)
	if r.State != "evaporated" || *r.ExitCode != 7 || !r.IsOver() || !strings.Contains(r.Summary(), "is evaporated") {
		t.Errorf("%+v", r)
	}
	if err := s.Ack(r.ID); err != nil {
		t.Error(err)
	}
	if read(path) != text {
		t.Error("it was written")
	}
}
