package jobs

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestRecordJSON(t *testing.T) {
	s := newStore(t)
	r := start(t, s, Spec{Args: []string{"sh", "-c", "sleep 1000 && true"}, Session: "a<b"})
	var fields map[string]any
	parse := func(r Record) {
		t.Helper()
		b := must(json.Marshal(r))(t)
		fields = nil
		if err := json.Unmarshal(b, &fields); err != nil {
			t.Fatal(err)
		}
	}
	want := func(name string, value any) {
		t.Helper()
		got, ok := fields[name]
		if !ok || !reflect.DeepEqual(got, value) {
			t.Errorf("%s is %v, want %v", name, got, value)
		}
	}
	parse(r)
	want("id", r.ID)
	want("state", "running")
	want("exit_code", nil)
	want("signal", nil)
	want("command", []any{"sh", "-c", "sleep 1000 && true"})
	want("session", "a<b")
	want("ended_at", nil)
	want("acked", false)
	want("pid", float64(r.PID))
	if _, err := time.Parse(time.RFC3339, fields["started_at"].(string)); err != nil {
		t.Error(err)
	}
	syscall.Kill(r.PID, syscall.SIGKILL)
	if parse(wait(t, s, r.ID)); fields["signal"] != "SIGKILL" || fields["state"] != "failed" || fields["ended_at"] == nil {
		t.Error(fields)
	}
	want("exit_code", nil)
	want("pid", nil)
	r = run(t, s, sh("exit 0"))
	if r.EndedAt.Sub(r.StartedAt) < r.Duration {
		t.Errorf("from %v to %v, for %v", r.StartedAt, r.EndedAt, r.Duration)
	}
	if err := s.Ack(r.ID); err != nil {
		t.Fatal(err)
	}
	parse(get(t, s, r.ID))
	want("exit_code", 0.0)
	want("acked", true)
}

// The documentation has each key of a record in JSON.
func TestRecordIsDocumented(t *testing.T) {
	doc := string(must(os.ReadFile("../docs/jobs.md"))(t))
	var record, followUp map[string]json.RawMessage
	err := json.Unmarshal(must(json.Marshal(Record{}))(t), &record)
	if err == nil {
		err = json.Unmarshal(record["follow_up"], &followUp)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, keys := range []map[string]json.RawMessage{record, followUp} {
		for key := range keys {
			if !strings.Contains(doc, "`"+key+"`") {
				t.Errorf("docs/jobs.md has no word of %s", key)
			}
		}
	}
}
