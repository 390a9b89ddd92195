//go:build linux

package jobs

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Whatever is in the files of a job, reading them ends, with a record that can be shown or
// with an error that names the file.
func FuzzFiles(f *testing.F) {
	const id = "0123456789abcdef"
	f.Add([]byte(`{"version":1,"id":"`+id+`","command":["x"],"state":"failed","exit_code":3,"ended":{"wall":"9999-12-31T23:59:59-12:00"}}`),
		[]byte(`{"version":1,"attempts":2,"claim":{"token":"x","by":{"pid":1},"since":{"wall":"2026-01-02T03:04:05Z"},"lease_ns":5,"most_attempts":3}}`), []byte("{}"))
	f.Add([]byte(""), []byte(`{"version":1,"next_try":{"wall":"0000-01-01T00:00:00+12:00","boot":"x","even_ns":-1}}`),
		[]byte(`{"version":1,"recorder":{"pid":-1},"command":{"boot":"x","pid":0}}`))
	f.Add([]byte("null"), []byte("[]"), []byte(`{"version":2,"command":null}`))
	f.Fuzz(func(t *testing.T, ending, followUp, processes []byte) {
		s, err := Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		d := s.job(id)
		if err := os.Mkdir(string(d), 0o700); err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string][]byte{
			lockName: nil, turnName: nil, endingName: ending, followUpName: followUp, runningName: processes,
			requestName: []byte(`{"version":1,"id":"` + id + `","command":["x"]}`),
		} {
			if len(text) == 0 && name != lockName && name != turnName {
				continue // it is not there
			}
			if err := os.WriteFile(d.file(name), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		r, err := s.Get(id)
		var damaged *DamageError
		switch {
		case err == nil:
			if _, err := json.Marshal(r); err != nil || r.Summary() == "" || r.ID != id {
				t.Errorf("%+v, %v", r, err)
			}
		case !errors.As(err, &damaged) || filepath.Dir(damaged.Path) != string(d):
			t.Error(err)
		}
		if records, _ := s.List(Filter{}); len(records) > 1 || len(records) == 1 && err != nil {
			t.Errorf("%+v, %v", records, err)
		}
		if err := s.Ack(id); err == nil {
			if r, err := s.Get(id); err != nil || r.FollowUp.State != AckedFollowUp {
				t.Errorf("%+v, %v", r, err)
			}
		}
	})
}
