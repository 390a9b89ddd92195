package examples_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kinwire/kinwire/jobs"
)

// place is where an agent-host keeps its session, and where its agent works.
type place struct{ dir, work string }

func newPlace(t *testing.T) place {
	p := place{t.TempDir(), t.TempDir()}
	t.Cleanup(p.end)
	return p
}

// end kills the jobs that a test has left.
func (p place) end() {
	store, err := jobs.Open(filepath.Join(p.dir, "default", "jobs"))
	if err != nil {
		return
	}
	running, _ := store.List(jobs.Filter{State: jobs.Running})
	for _, r := range running {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		store.Kill(ctx, r.ID, "the test is over")
		cancel()
	}
}

// write writes a file for the agent.
func (p place) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.work, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// text returns a file of the agent; empty: it is not there.
func (p place) text(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.work, name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

// await waits until there is something in a file of the agent.
func (p place) await(t *testing.T, name string) {
	t.Helper()
	for begun := time.Now(); p.text(t, name) == ""; time.Sleep(20 * time.Millisecond) {
		if time.Since(begun) > 20*time.Second {
			t.Fatalf("there is nothing in %s", name)
		}
	}
}

// session is what the session file has.
func (p place) session(t *testing.T) []message {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.dir, "default", "session.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var file struct{ Messages []message }
	if err == nil {
		err = json.Unmarshal(text, &file)
	}
	if err != nil {
		t.Fatal(err)
	}
	return file.Messages
}

// setSession makes that what the session file has.
func (p place) setSession(t *testing.T, said []message) {
	t.Helper()
	text, err := json.Marshal(object{"version": 1, "messages": said})
	if err == nil {
		err = os.WriteFile(filepath.Join(p.dir, "default", "session.json"), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// store is where the jobs are.
func (p place) store(t *testing.T) *jobs.Store {
	t.Helper()
	s, err := jobs.Open(filepath.Join(p.dir, "default", "jobs"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// agentHost is a running agent-host.
type agentHost struct {
	*exec.Cmd
	lines *bufio.Scanner
	shown strings.Builder
	errs  strings.Builder
	stdin io.WriteCloser
}

// employ starts an agent-host with further arguments.
func (p place) employ(t *testing.T, env []string, args ...string) *agentHost {
	t.Helper()
	h := p.host(env, args...)
	stdin, err := h.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	h.stdin = stdin
	h.begin(t)
	return h
}

// host is an agent-host that is to be started.
func (p place) host(env []string, args ...string) *agentHost {
	h := &agentHost{Cmd: exec.Command(program("agent-host"), append([]string{"--dir", p.dir, "--work", p.work}, args...)...)}
	h.Env = append(os.Environ(), env...)
	h.Stderr = &h.errs
	return h
}

// begin starts it.
func (h *agentHost) begin(t *testing.T) {
	t.Helper()
	stdout, err := h.StdoutPipe()
	if err == nil {
		err = h.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	h.lines = bufio.NewScanner(stdout)
	timeout := time.AfterFunc(60*time.Second, func() { h.Process.Kill() })
	t.Cleanup(func() {
		timeout.Stop()
		h.Process.Kill()
		h.Wait()
		if t.Failed() {
			t.Logf("%q showed\n%s\non stderr:\n%s", h.Args, h.shown.String(), h.errs.String())
		}
	})
}

// want waits until the host shows a line with that part, and returns it.
func (h *agentHost) want(t *testing.T, part string) string {
	t.Helper()
	for h.lines.Scan() {
		h.shown.WriteString(h.lines.Text() + "\n")
		if strings.Contains(h.lines.Text(), part) {
			return h.lines.Text()
		}
	}
	t.Fatalf("it never showed %q", part)
	return ""
}

// reply types a line.
func (h *agentHost) reply(t *testing.T, line string) {
	t.Helper()
	if _, err := io.WriteString(h.stdin, line+"\n"); err != nil {
		t.Error(err)
	}
}

// kill kills the host, which leaves it no moment to do anything.
func (h *agentHost) kill(t *testing.T) {
	t.Helper()
	if err := h.Process.Kill(); err != nil {
		t.Error(err)
	}
	h.end(t)
}

// end waits for the end of the host, and returns how it was, and what it has shown in all.
func (h *agentHost) end(t *testing.T) (code int, shown string) {
	t.Helper()
	for h.lines.Scan() {
		h.shown.WriteString(h.lines.Text() + "\n")
	}
	h.Wait()
	return h.ProcessState.ExitCode(), h.shown.String()
}

// wantDone waits for the end of the host, which has to have nothing left to do.
func (h *agentHost) wantDone(t *testing.T) (shown string) {
	t.Helper()
	code, shown := h.end(t)
	if code != 0 {
		t.Fatalf("it exited with %d", code)
	}
	return shown
}

// wantWhole holds a session that is done against what must be true of any: each call has one
// result, each job is known and was heard of once, and each follow-up is done.
func (p place) wantWhole(t *testing.T) {
	t.Helper()
	said := p.session(t)
	count := make(map[string]int)
	for _, m := range said {
		switch {
		case m.Role == "tool" && m.Job != "":
			count["started "+m.Job]++
			fallthrough
		case m.Role == "tool":
			count["result of "+m.Call]++
		case m.Role == "job":
			count["end of "+m.Job]++
		}
		for _, c := range m.Calls {
			count["call "+c.ID]++
			count["result of "+c.ID] += 0
		}
	}
	records, err := p.store(t).List(jobs.Filter{})
	if err != nil {
		t.Error(err)
	}
	for _, r := range records {
		count["started "+r.ID] += 0
		count["end of "+r.ID] += 0
		if r.FollowUp.State != jobs.AckedFollowUp {
			t.Errorf("the follow-up of %s is %s", r.Summary(), r.FollowUp.State)
		}
	}
	for what, n := range count {
		if n != 1 {
			t.Errorf("there are %d times %s", n, what)
		}
	}
	if last := said[len(said)-1]; last.Role != "assistant" || last.Calls != nil {
		t.Errorf("the session ends with %+v", last)
	}
	if t.Failed() {
		t.Logf("the session is\n%s", listed(said))
	}
}

func testAgentHost(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there are no jobs on Windows")
	}
	t.Run("tools", testHostTools)
	t.Run("approvals", testHostApprovals)
	t.Run("approvals of several calls", testHostApprovesInTurn)
	t.Run("sessions", testHostSessions)
	t.Run("old jobs", testHostOldJobs)
	t.Run("limits", testHostLimits)
	t.Run("Ctrl-C", testHostInterrupted)
	t.Run("a model", testHostWithModel)
	t.Run("a model that fails", testHostWithFailingModel)
	t.Run("a rogue", testHostOfRogue)
	t.Run("killed", testHostKilled)
}

// testHostTools uses each tool, well and badly.
func testHostTools(t *testing.T) {
	p := newPlace(t)
	p.write(t, "notes.txt", "one\ntwo\x1b[2J\n")
	p.write(t, "../outside.txt", "outside")
	for link, to := range map[string]string{"link": "/etc/passwd", "inside": "notes.txt"} {
		if err := os.Symlink(to, filepath.Join(p.work, link)); err != nil {
			t.Fatal(err)
		}
	}
	h := p.employ(t, nil, "--yes", "read notes.txt; read inside; read ../outside.txt; read /etc/passwd; read link; read .; read none; run mkfifo pipe; read pipe; "+
		"run cat notes.txt && echo x > made.txt; run echo bad && exit 3; job echo built > out.txt && echo ok; read out.txt; eat it", program("agent-worker"))
	shown := h.wantDone(t)
	var results []string
	for _, m := range p.session(t) {
		if m.Role == "tool" {
			results = append(results, m.Failed+" "+m.Text)
		}
	}
	want := []string{
		" one\ntwo\x1b[2J\n",
		" one\ntwo\x1b[2J\n",
		"failed openat ../outside.txt: path escapes from parent",
		"failed openat /etc/passwd: path escapes from parent",
		"failed openat link: path escapes from parent",
		"failed . is no regular file",
		"failed openat none: no such file or directory",
		" ",
		"failed pipe is no regular file",
		" one\ntwo\x1b[2J\n",
		"failed exit status 3",
		" started as job",
		" built\n",
		`unknown_tool there is no tool "eat"`,
	}
	if len(results) != len(want) {
		t.Fatalf("the results are %q", results)
	}
	for i := range want {
		if !strings.HasPrefix(results[i], want[i]) {
			t.Errorf("result %d is %q, want %q", i, results[i], want[i])
		}
	}
	for _, line := range []string{"task    read notes.txt; ", "\nread    notes.txt\n        one\n        two\uFFFD[2J\n", "\nanswer  read notes.txt: one two"} {
		if !strings.Contains("\n"+shown, line) {
			t.Errorf("it did not show %q, but\n%s", line, shown)
		}
	}
	if p.text(t, "made.txt") != "x\n" {
		t.Error("the command did not run in the directory")
	}
	p.wantWhole(t)
}

// testHostApprovals answers questions, and leaves one without an answer.
func testHostApprovals(t *testing.T) {
	p := newPlace(t)
	h := p.employ(t, nil, "run echo 1 >> ran; job echo 2 >> ran; read ran; run echo 3 >> ran; run echo 4 >> ran", program("agent-worker"))
	for _, reply := range []string{"y", "YES", "no"} {
		h.want(t, "approve this? [y/N]")
		if reply == "no" && p.text(t, "ran") != "1\n2\n" {
			t.Errorf("before the answer there ran %q", p.text(t, "ran"))
		}
		h.reply(t, reply)
	}
	h.want(t, "denied: the user does not approve")
	h.want(t, "approve this? [y/N]")
	h.stdin.Close()
	h.want(t, "denied: the user does not approve")
	h.wantDone(t)
	if ran := p.text(t, "ran"); ran != "1\n2\n" {
		t.Errorf("there ran %q", ran)
	}
	p.wantWhole(t)
}

// testHostApprovesInTurn answers a model that wants several tools at once: each question comes
// after what it is about, and after the result of the one before.
func testHostApprovesInTurn(t *testing.T) {
	p := newPlace(t)
	e := newEndpoint(t,
		replies("Let me see.", [3]string{"a", "run", `{"command":"echo one"}`}, [3]string{"b", "run", `{"command":"echo two"}`}, [3]string{"c", "run", `{"command":"echo three"}`}),
		replies("Done."))
	h := p.employ(t, e.env(), "Count.")
	for _, reply := range []string{"y", "n", "y"} {
		h.want(t, "approve this?")
		h.reply(t, reply)
	}
	want := "task    Count.\nagent   Let me see.\n" +
		"run     echo one\n        approve this? [y/N]\n        one\n" +
		"run     echo two\n        approve this? [y/N]\n        denied: the user does not approve\n" +
		"run     echo three\n        approve this? [y/N]\n        three\n" +
		"answer  Done.\n"
	if shown := h.wantDone(t); shown != want {
		t.Errorf("it showed\n%s\nwant\n%s", shown, want)
	}
	p.wantWhole(t)
}

// testHostSessions goes on with a session, and holds a host to what it must not do to one.
func testHostSessions(t *testing.T) {
	p := newPlace(t)
	p.employ(t, inNoTempDir(t), "--yes", "run echo one").wantDone(t) // with the agent beside it
	p.employ(t, nil, "--yes", "run echo two").wantDone(t)
	var said []string
	for _, m := range p.session(t) {
		if m.Calls == nil {
			said = append(said, m.Role+" "+strings.TrimSpace(m.Text))
		}
	}
	if want := []string{"user run echo one", "tool one", "assistant run echo one: one", "user run echo two", "tool two", "assistant run echo two: two"}; !slices.Equal(said, want) {
		t.Errorf("the session has %q", said)
	}
	for name, want := range map[string]fs.FileMode{".": 0o700, "session.json": 0o600} {
		if info, err := os.Stat(filepath.Join(p.dir, "default", name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	wantFailure := func(part string, args ...string) {
		t.Helper()
		h := p.employ(t, nil, args...)
		if code, _ := h.end(t); code == 0 || !strings.Contains(h.errs.String(), part) {
			t.Errorf("%q exited with %d, and said %q, want %q", args, code, h.errs.String(), part)
		}
	}
	elsewhere := p.host(nil, "--work", "", "--yes", "run echo here > here") // in the directory of this test
	elsewhere.begin(t)
	elsewhere.wantDone(t)
	if p.text(t, "here") != "here\n" {
		t.Error("the session has not gone on where it began")
	}
	wantFailure("the session works in "+p.work, "--work", t.TempDir(), "read x")
	wantFailure("nothing is left to do")
	wantFailure("no name for a session", "--session", "../up", "read x")
	wantFailure("no name for a session", "--session", "", "read x")
	wantFailure(`there is no method "run"`, "--session", "other", "read x", program("echo-worker"))
	wantFailure("flag provided but not defined", "--bogus")

	busy := p.employ(t, nil, "--yes", "run echo begun; run cat; run sleep 50")
	busy.want(t, "begun")
	wantFailure("another host has this session", "read x")
	busy.kill(t)
	for _, bad := range []string{"", "garbage", `{"version":1,"messages":[`, `{"version":2}`} {
		file := filepath.Join(p.dir, "default", "session.json")
		if err := os.WriteFile(file, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		wantFailure(file, "read x")
		if text, _ := os.ReadFile(file); string(text) != bad {
			t.Errorf("%q became %q", bad, text)
		}
	}
}

// inNoTempDir returns an environment with a directory for temporary files, in which there must be
// none, not even for a moment: of a host that is killed they would stay.
func inNoTempDir(t *testing.T) []string {
	dir, long := t.TempDir(), time.Now().Add(-time.Hour).Truncate(time.Second)
	if err := os.Chtimes(dir, long, long); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if info, err := os.Stat(dir); err != nil || !info.ModTime().Equal(long) {
			t.Errorf("something was written to the directory for temporary files: %v", err)
		}
	})
	return []string{"TMPDIR=" + dir}
}

// testHostOldJobs has a job that was acknowledged two hours ago, and is removed, and one that was
// just now, and stays.
func testHostOldJobs(t *testing.T) {
	p := newPlace(t)
	p.employ(t, nil, "--yes", "job echo old").wantDone(t)
	old, err := p.store(t).List(jobs.Filter{})
	if err != nil || len(old) != 1 {
		t.Fatal(old, err)
	}
	file := filepath.Join(p.dir, "default", "jobs", old[0].ID, "followup.json")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var followUp object
	if err := json.Unmarshal(text, &followUp); err != nil {
		t.Fatal(err)
	}
	followUp["acked"] = object{"wall": time.Now().Add(-2 * time.Hour)}
	if text, err = json.Marshal(followUp); err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	p.employ(t, nil, "--yes", "job echo new").wantDone(t)
	if left, err := p.store(t).List(jobs.Filter{}); err != nil || len(left) != 1 || left[0].ID == old[0].ID {
		t.Errorf("there are the jobs %v, %v", left, err)
	}
}

// testHostLimits has tools print without end.
func testHostLimits(t *testing.T) {
	p := newPlace(t)
	p.write(t, "long.txt", strings.Repeat("ä", 100_000))
	p.employ(t, nil, "--yes", "read long.txt; run yes; run seq 100000").wantDone(t)
	said := p.session(t)
	if read := said[2]; len(read.Text) > 70_000 || !strings.HasSuffix(read.Text, "ä\uFFFD\n[the rest of the file is left out]") && !strings.HasSuffix(read.Text, "ä\n[the rest of the file is left out]") {
		t.Errorf("it read %d bytes, at the end %q", len(read.Text), read.Text[len(read.Text)-60:])
	}
	if yes := said[4]; yes.Failed != "failed" || len(yes.Text) > 20_000 || !strings.Contains(yes.Text, "output") {
		t.Errorf("yes: %s %.200s", yes.Failed, yes.Text)
	}
	if seq := said[6]; seq.Failed != "" || len(seq.Text) > 17_000 || !strings.HasPrefix(seq.Text, "[") || !strings.HasSuffix(seq.Text, "\n100000\n") {
		t.Errorf("seq: %s %.200s", seq.Failed, seq.Text)
	}
}

// testHostInterrupted presses Ctrl-C while a tool is in use, while there is a question, and
// while a job runs.
func testHostInterrupted(t *testing.T) {
	interrupt := func(t *testing.T, h *agentHost, part string) {
		t.Helper()
		if err := h.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		if code, _ := h.end(t); code != 1 || !strings.Contains(h.errs.String(), part) {
			t.Errorf("it exited with %d, and said %q, want %q", code, h.errs.String(), part)
		}
	}
	t.Run("in a tool", func(t *testing.T) {
		p := newPlace(t)
		h := p.employ(t, nil, "--yes", "run echo a; run sleep 61; run touch never")
		h.want(t, "run     sleep 61")
		interrupt(t, h, "the task was stopped")
		said := p.session(t)
		if last := said[len(said)-1]; last.Failed != "canceled" || p.text(t, "never") != "" {
			t.Errorf("the session ends with %+v", last)
		}
		p.wantWhole(t)
		p.employ(t, nil, "--yes", "run echo b").wantDone(t)
	})
	t.Run("in a tool that takes its time", func(t *testing.T) {
		p := newPlace(t)
		p.write(t, "slow.sh", "trap 'sleep 1.2; echo tidy > tidy; exit' TERM; echo begun > begun; while :; do sleep 0.05; done\n")
		h := p.employ(t, nil, "--yes", "run exec sh slow.sh")
		h.want(t, "exec sh slow.sh")
		p.await(t, "begun")
		interrupt(t, h, "the task was stopped")
		if p.text(t, "tidy") == "" {
			t.Error("the host did not wait for the command that it has stopped")
		}
		p.wantWhole(t)
	})
	t.Run("in the start", func(t *testing.T) {
		p := newPlace(t)
		h := p.employ(t, nil, "run touch never")
		h.want(t, "task")
		interrupt(t, h, "canceled")
		p.wantWhole(t)
	})
	t.Run("in a question", func(t *testing.T) {
		p := newPlace(t)
		h := p.employ(t, nil, "run echo a; run touch never")
		h.want(t, "approve this?")
		interrupt(t, h, "the task was stopped")
		p.wantWhole(t)
	})
	t.Run("in a job", func(t *testing.T) {
		p := newPlace(t)
		h := p.employ(t, nil, "--yes", p.gated(t)+"; read out.txt")
		h.want(t, "waiting job")
		interrupt(t, h, "canceled; jobs that go on: 1; start the host again with --session default to hear of")
		p.write(t, "go", "")
		if shown := p.employ(t, nil, "--yes").wantDone(t); !strings.Contains(shown, "read    out.txt\n        built") {
			t.Error("the agent did not go on")
		}
		p.wantWhole(t)
	})
	t.Run("in a job that is killed", func(t *testing.T) {
		p := newPlace(t)
		h := p.employ(t, nil, "--yes", p.gated(t)+"; read out.txt")
		h.want(t, "waiting job")
		running, err := p.store(t).List(jobs.Filter{State: jobs.Running})
		if err != nil || len(running) != 1 {
			t.Fatal(running, err)
		}
		if _, err := p.store(t).Kill(soon(t), running[0].ID, "nobody needs it"); err != nil {
			t.Error(err)
		}
		h.want(t, "killed (nobody needs it)")
		h.wantDone(t)
		p.wantWhole(t)
	})
}

// gated returns a line of a script that starts a job, which builds out.txt when there is a file
// "go".
func (p place) gated(t *testing.T) string {
	p.write(t, "job.sh", "until [ -e go ]; do sleep 0.05; done; echo built >> out.txt; echo was built\n")
	return "job sh job.sh"
}

// testHostWithModel has a model ask for the environment of a command. It finds no key there,
// nor does anybody else.
func testHostWithModel(t *testing.T) {
	p := newPlace(t)
	e := newEndpoint(t,
		replies("", [3]string{"a", "run", `{"command":"env"}`}, [3]string{"b", "run", `{"command":"echo x","shell":"zsh"}`}, [3]string{"c", "job", `{"command":"env"}`}),
		replies("I wait."),
		replies("Done."))
	h := p.employ(t, e.env(), "--yes", "What is there?")
	shown := h.wantDone(t)
	p.wantWhole(t)
	said := p.session(t)
	if len(said) != 8 || !strings.Contains(said[2].Text, "PATH=") || said[3].Failed != "bad_input" || said[6].Role != "job" || !strings.Contains(said[6].Text, "PATH=") {
		t.Errorf("the session is\n%s", listed(said))
	}
	if strings.Contains(listed(said)+shown+h.errs.String(), secret) {
		t.Errorf("somebody tells the key:\n%s%s%s", listed(said), shown, h.errs.String())
	}
	filepath.WalkDir(p.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if text, _ := os.ReadFile(path); strings.Contains(string(text), secret) {
				t.Errorf("%s has the key", path)
			}
		}
		return nil
	})
}

// testHostWithFailingModel has the endpoint refuse, with what would make a terminal do something,
// and starts the host again when that is over.
func testHostWithFailingModel(t *testing.T) {
	p := newPlace(t)
	e := newEndpoint(t,
		replies("", [3]string{"a", "run", `{"command":"echo one"}`}),
		repliesJSON(http.StatusPaymentRequired, object{"error": object{"message": "no money\x1b[2J"}}),
		replies("Done."))
	h := p.employ(t, e.env(), "--yes", "Count.")
	if code, _ := h.end(t); code != 1 || !strings.HasSuffix(h.errs.String(), "402 Payment Required: no money\uFFFD[2J; start the host again with --session default to go on with the task\n") {
		t.Errorf("it exited with %d, and said %q", code, h.errs.String())
	}
	if shown := p.employ(t, e.env(), "--yes").wantDone(t); !strings.HasSuffix(shown, "\nanswer  Done.\n") {
		t.Errorf("it showed\n%s", shown)
	}
	p.wantWhole(t)
}
