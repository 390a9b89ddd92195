package examples_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"github.com/kinwire/kinwire/jobs"
)

// testHostKilled kills the host with SIGKILL at various moments, and starts it again.
func testHostKilled(t *testing.T) {
	t.Run("while a job runs that then ends", func(t *testing.T) {
		p := newPlace(t)
		h := p.employ(t, nil, "--yes", p.gated(t)+"; read out.txt")
		h.want(t, "waiting job")
		h.kill(t)
		p.write(t, "go", "")
		p.wantEnded(t)
		p.wantGoesOn(t)
	})
	t.Run("while a job runs, twice", func(t *testing.T) {
		p := newPlace(t)
		args := []string{"--yes", p.gated(t) + "; read out.txt"}
		for range 2 {
			h := p.employ(t, nil, args...)
			h.want(t, "waiting job")
			h.kill(t)
			args = args[:1]
		}
		h := p.employ(t, nil, "--yes")
		h.want(t, "waiting job")
		p.write(t, "go", "")
		h.want(t, "succeeded after")
		h.wantDone(t)
		p.wantBuiltOnce(t)
	})
	t.Run("while a job runs that is then removed", func(t *testing.T) {
		testHostKilledAndJobGone(t, func(p place) {
			if gone, err := p.store(t).Prune(jobs.Retention{WithoutAck: -1}); err != nil || len(gone) != 1 {
				t.Fatal(gone, err)
			}
		})
	})
	t.Run("while a job runs that is then damaged", func(t *testing.T) {
		testHostKilledAndJobGone(t, func(p place) {
			files, err := filepath.Glob(filepath.Join(p.dir, "default", "jobs", "*", "exit.json"))
			if err != nil || len(files) != 1 {
				t.Fatal(files, err)
			}
			if err := os.WriteFile(files[0], []byte("garbage"), 0o600); err != nil {
				t.Fatal(err)
			}
		})
	})
	t.Run("while a job runs whose output is then damaged", testHostKilledAndOutputGone)
	t.Run("before the follow-up is acknowledged", testHostKilledBeforeAck)
	t.Run("before it has heard of its job", testHostKilledInStart)
	t.Run("before the job was started", testHostKilledBeforeStart)
	t.Run("beside a damaged job", testHostKilledBesideDamage)
	t.Run("in a command", testHostKilledInCommand)
	t.Run("in a question", testHostKilledInQuestion)
	t.Run("at any moment", testHostKilledAnywhere)
}

// testHostKilledAndJobGone kills the host, and has nobody know how its job has ended.
func testHostKilledAndJobGone(t *testing.T, remove func(place)) {
	p := newPlace(t)
	h := p.employ(t, nil, "--yes", p.gated(t)+"; read out.txt")
	h.want(t, "waiting job")
	h.kill(t)
	p.write(t, "go", "")
	p.wantEnded(t)
	remove(p)
	shown := p.employ(t, nil, "--yes").wantDone(t)
	if !strings.Contains(shown, "\njob     job ") || !strings.Contains(shown, " is lost: ") || !strings.Contains(shown, "job sh job.sh: lost: ") {
		t.Errorf("it went on so:\n%s", shown)
	}
	if said := p.session(t); countOf(said, "job") != 1 || !strings.HasSuffix(said[len(said)-1].Text, "read out.txt: built") {
		t.Errorf("the session is\n%s", listed(said))
	}
}

// testHostKilledAndOutputGone has nobody know what a job has printed.
func testHostKilledAndOutputGone(t *testing.T) {
	p := newPlace(t)
	h := p.employ(t, nil, "--yes", p.gated(t)+"; read out.txt")
	h.want(t, "waiting job")
	h.kill(t)
	p.write(t, "go", "")
	p.wantEnded(t)
	files, err := filepath.Glob(filepath.Join(p.dir, "default", "jobs", "*", "output-*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	if err := os.Remove(files[0]); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(files[0], 0o700); err != nil {
		t.Fatal(err)
	}
	shown := p.employ(t, nil, "--yes").wantDone(t)
	if !strings.Contains(shown, " succeeded after ") || !strings.Contains(shown, "what it has printed is lost: ") {
		t.Errorf("it went on so:\n%s", shown)
	}
	p.wantBuiltOnce(t)
}

// testHostKilledBesideDamage kills the host in a question, with a job in the store that nobody
// can read. It may be that of the call, if that is to start one, and is no concern of another.
func testHostKilledBesideDamage(t *testing.T) {
	for line, want := range map[string]string{
		"run touch never": "interrupted: the host or its agent has died meanwhile; nobody knows how much of it was done, if anything\n",
		"job touch never": "interrupted: the host or its agent has died meanwhile; nobody knows whether it was started: ",
	} {
		p := newPlace(t)
		h := p.employ(t, nil, line+"; run echo next")
		h.want(t, "approve this?")
		h.kill(t)
		if err := os.Mkdir(filepath.Join(p.dir, "default", "jobs", "1m7xhw364k2dymfp"), 0o700); err != nil {
			t.Fatal(err)
		}
		shown := p.employ(t, nil, "--yes").wantDone(t)
		if !strings.Contains(shown, want) || !strings.Contains(shown, "\n        next\n") || p.text(t, "never") != "" {
			t.Errorf("it went on so:\n%s", shown)
		}
	}
}

// wantEnded waits until the one job has ended.
func (p place) wantEnded(t *testing.T) {
	t.Helper()
	all, err := p.store(t).List(jobs.Filter{})
	if err != nil || len(all) != 1 {
		t.Fatalf("there are the jobs %v, %v", all, err)
	}
	if r, err := p.store(t).Wait(soon(t), all[0].ID); err != nil || r.State != jobs.Succeeded || r.FollowUp.State != jobs.PendingFollowUp {
		t.Fatalf("%s, its follow-up is %s: %v", r.Summary(), r.FollowUp.State, err)
	}
}

// wantGoesOn starts a host, which has to go on with the job's result until it is done.
func (p place) wantGoesOn(t *testing.T) {
	t.Helper()
	shown := p.employ(t, nil, "--yes").wantDone(t)
	if !strings.Contains(shown, "read    out.txt\n        built\n") || !strings.Contains(shown, "was built") {
		t.Errorf("the agent did not go on, but\n%s", shown)
	}
	p.wantBuiltOnce(t)
}

// wantBuiltOnce holds the place to what there has to be when a script with a gated job is done.
func (p place) wantBuiltOnce(t *testing.T) {
	t.Helper()
	if text := p.text(t, "out.txt"); text != "built\n" {
		t.Errorf("the job has built %q", text)
	}
	if n := countOf(p.session(t), "user"); n != 1 {
		t.Errorf("there are %d tasks", n)
	}
	p.wantWhole(t)
}

// countOf counts the messages of a role.
func countOf(said []message, role string) (n int) {
	for _, m := range said {
		if m.Role == role {
			n++
		}
	}
	return n
}

// testHostKilledBeforeAck kills the host when the end of a job is in the session, and the store
// does not know: another process is in its way.
func testHostKilledBeforeAck(t *testing.T) {
	p := newPlace(t)
	h := p.employ(t, nil, "--yes", p.gated(t)+"; read out.txt")
	h.want(t, "waiting job")
	locks, err := filepath.Glob(filepath.Join(p.dir, "default", "jobs", "*", "followup.lock"))
	if err != nil || len(locks) != 1 {
		t.Fatal(locks, err)
	}
	lock := flock.New(locks[0])
	if err := lock.Lock(); err != nil {
		t.Fatal(err)
	}
	p.write(t, "go", "")
	for deadline := time.Now().Add(20 * time.Second); countOf(p.session(t), "job") == 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the session was not told of the end of the job")
		}
	}
	h.kill(t)
	if err := lock.Close(); err != nil {
		t.Error(err)
	}
	p.wantEnded(t) // and the follow-up is pending
	shown := p.employ(t, nil, "--yes").wantDone(t)
	if !strings.Contains(shown, "read    out.txt\n        built\n") || strings.Contains(shown, "job     job") {
		t.Errorf("the agent was told twice, or never went on:\n%s", shown)
	}
	p.wantBuiltOnce(t)
}

// testHostKilledInStart takes out of the session what a host writes there after it has started
// a job, as if it had been killed before.
func testHostKilledInStart(t *testing.T) {
	p := newPlace(t)
	h := p.employ(t, nil, "--yes", p.gated(t)+"; read out.txt")
	h.want(t, "waiting job")
	h.kill(t)
	p.setSession(t, p.session(t)[:2]) // the task, the call
	p.write(t, "go", "")
	p.wantGoesOn(t)
}

// testHostKilledBeforeStart does the same, with a store in which there is no job.
func testHostKilledBeforeStart(t *testing.T) {
	p := newPlace(t)
	h := p.employ(t, nil, p.gated(t)+"; run echo next")
	h.want(t, "approve this?")
	h.kill(t)
	shown := p.employ(t, nil, "--yes").wantDone(t)
	if !strings.Contains(shown, "interrupted: the host or its agent has died meanwhile; it was not started") || !strings.Contains(shown, "\n        next\n") {
		t.Errorf("it went on so:\n%s", shown)
	}
	p.wantWhole(t)
}

// testHostKilledInCommand kills the host while a command runs, which dies with it, and is not
// run again.
func testHostKilledInCommand(t *testing.T) {
	p := newPlace(t)
	p.write(t, "run.sh", "echo begun >> begun; until [ -e go ]; do sleep 0.05; done; echo done >> done\n")
	h := p.employ(t, nil, "--yes", "run sh run.sh; run echo next")
	p.await(t, "begun")
	h.kill(t)
	shown := p.employ(t, nil, "--yes").wantDone(t)
	if !strings.Contains(shown, "interrupted: the host or its agent has died meanwhile; nobody knows how much of it was done") || !strings.Contains(shown, "\n        next\n") {
		t.Errorf("it went on so:\n%s", shown)
	}
	p.write(t, "go", "")
	time.Sleep(500 * time.Millisecond) // ten times what a command that lives would take
	if p.text(t, "begun") != "begun\n" || p.text(t, "done") != "" {
		t.Errorf("the command has begun %q, and done %q", p.text(t, "begun"), p.text(t, "done"))
	}
	p.wantWhole(t)
}

// testHostKilledInQuestion kills the host while it asks. What nobody has approved is not run.
func testHostKilledInQuestion(t *testing.T) {
	p := newPlace(t)
	h := p.employ(t, nil, "run touch never; run echo next")
	h.want(t, "approve this?")
	h.kill(t)
	h = p.employ(t, nil)
	h.want(t, "approve this?") // of the next one
	h.reply(t, "y")
	if shown := h.wantDone(t); !strings.Contains(shown, "\n        next\n") || p.text(t, "never") != "" {
		t.Errorf("it went on so:\n%s", shown)
	}
	p.wantWhole(t)
}

// testHostKilledAnywhere kills the host again and again, until the task is done all the same.
func testHostKilledAnywhere(t *testing.T) {
	rounds := 3
	if os.Getenv("KINWIRE_SOAK") != "" {
		rounds = 30
	}
	for round := range rounds {
		p := newPlace(t)
		kills := 0
		for done := false; !done; {
			args := []string{"--yes"}
			if len(p.session(t)) == 0 {
				args = append(args, "job sleep 0.3 && echo job >> job; run echo run >> run; job echo late >> late; read job")
			}
			h := p.employ(t, nil, args...)
			patience := 10 * time.Second
			if kills < 20 {
				patience = time.Duration(rand.IntN(300)) * time.Millisecond
			}
			killer := time.AfterFunc(patience, func() { h.Process.Kill() })
			code, _ := h.end(t)
			if killed := !killer.Stop(); killed {
				kills++
				continue
			}
			if done = code == 0 || strings.Contains(h.errs.String(), "nothing is left to do"); !done {
				t.Fatalf("round %d: it exited with %d", round, code)
			}
		}
		t.Logf("round %d: killed %d times", round, kills)
		p.wantWhole(t)
		ran := make(map[string]bool) // what the agent believes
		for _, m := range p.session(t) {
			if m.Role == "job" && m.Failed == "" {
				ran[fmt.Sprint(m.Job)] = true
			}
		}
		lines := len(p.text(t, "job"))/len("job\n") + len(p.text(t, "late"))/len("late\n")
		if lines != len(ran) {
			t.Errorf("round %d: jobs have run %d times, and the agent knows of %d", round, lines, len(ran))
		}
		if text := p.text(t, "run"); text != "" && text != "run\n" {
			t.Errorf("round %d: the command has run more than once", round)
		}
	}
}
