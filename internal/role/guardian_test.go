//go:build unix

package role

import (
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// early is what a package may do that is initialised before this one: it uses Go's poller. It
// is set before the init function that plays the role.
var early = func() *os.File {
	r, _, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	return r
}()

// TestGuardian is a host's side by hand.
func TestGuardian(t *testing.T) {
	if early == nil {
		t.Fatal("nothing was initialised early")
	}
	const host = 0x2a
	records, told, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer told.Close()
	answer, answers, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	guardian := exec.Command(self, "-test.run=^$")
	guardian.Args[0] = Guardian
	guardian.Env = append(os.Environ(), Env(Guardian, host))
	guardian.ExtraFiles = []*os.File{records, answers, told} // the last one is inherited by accident
	if err := guardian.Start(); err != nil {
		t.Fatal(err)
	}
	records.Close()
	answers.Close()
	ended := make(chan error, 1)
	go func() { ended <- guardian.Wait() }()

	told.Write(Greeting(host))
	answer.SetReadDeadline(time.Now().Add(patience))
	if n, err := answer.Read(make([]byte, 1)); n != 1 {
		t.Fatal("no answer: ", err)
	}
	held, left := sleeper(t), sleeper(t)
	torn := Record{Kind: Hold, Group: held.Process.Pid}.Append(nil)
	told.Write(torn[:5])
	for range 20 { // Go's runtime looks after its poller every 10 ms
		time.Sleep(10 * time.Millisecond)
	}
	select {
	case err := <-ended:
		t.Fatal("it has ended while its host lived: ", err)
	default:
	}
	told.Write(torn[5:])
	told.Write(Record{Kind: Hold, Group: left.Process.Pid}.Append(nil))
	told.Write(Record{Kind: Release, Group: left.Process.Pid}.Append(nil))
	told.Close()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		guardian.Process.Kill()
		t.Fatal("it did not see the end of its pipe")
	}
	if n, err := answer.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Error("it said more than that it is there: ", err)
	}
	held.Wait()
	if held.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Error(held.ProcessState)
	}
	if err := left.Process.Kill(); err != nil {
		t.Error("what it had released is gone: ", err)
	}
	left.Wait()
}

// sleeper starts the leader of a group.
func sleeper(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sleep", "1000")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	return cmd
}

func TestLimiterAnswer(t *testing.T) {
	for _, c := range []struct {
		answer []byte
		limit  int
		err    error
	}{
		{[]byte{0, 0, 0, 0, 2}, -1, syscall.ENOENT},
		{[]byte{3, 0, 0, 0, 1}, 2, syscall.EPERM},
		{[]byte{3}, -1, syscall.EPROTO},
		{nil, -1, syscall.EPROTO},
	} {
		if limit, err := LimiterAnswer(c.answer); limit != c.limit || err != c.err {
			t.Errorf("%v: %d, %v", c.answer, limit, err)
		}
	}
}
