package process

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// cgroupDir returns a directory in which cgroups can be made, or skips the test.
func cgroupDir(t *testing.T) string {
	t.Helper()
	for _, root := range []string{os.Getenv("KINWIRE_TEST_CGROUP"), "/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		var fs unix.Statfs_t
		if root == "" || unix.Statfs(root, &fs) != nil || fs.Type != unix.CGROUP2_SUPER_MAGIC {
			continue
		}
		dir, err := os.MkdirTemp(root, "kinwire-test-")
		if err != nil {
			t.Skipf("this test needs the right to make a cgroup: %v", err)
		}
		t.Cleanup(func() {
			if err := os.Remove(dir); err != nil {
				t.Errorf("a cgroup was left: %v", err)
			}
		})
		return dir
	}
	t.Skip("this test needs a cgroup v2 file system")
	return ""
}

// What left the group, and the session, dies with the rest, and nothing is left.
func TestCgroupHoldsRunaways(t *testing.T) {
	for name, stops := range map[string]func(*Process){
		"exit": func(*Process) {},
		"kill": func(p *Process) { p.Kill("enough") },
	} {
		t.Run(name, func(t *testing.T) {
			c := child(t, "runaway", "7")
			c.Cgroup.Dir = cgroupDir(t)
			p, h := startHeard(t, c)
			runaway := number(t, h.await(t, Stderr, "pid "))
			stops(p)
			e := end(t, p)
			if name == "exit" && e.Code != 7 {
				t.Error(e)
			}
			eventually(t, "the runaway is gone", func() bool { return isGone(runaway) })
			if left := must(filepath.Glob(c.Cgroup.Dir + "/kinwire-*")); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
}

// The command is in its cgroup from the first instruction on.
func TestCgroupFromTheStart(t *testing.T) {
	dir := cgroupDir(t)
	e := run(t, Command{Args: []string{"cat", "/proc/self/cgroup"}, Cgroup: Cgroup{Dir: dir}})
	if out := string(e.Stdout.Tail); !strings.Contains(out, "0::/") || !strings.Contains(out, filepath.Base(dir)+"/kinwire-") {
		t.Error(out)
	}
	if e.OutOfMemory == OOMYes {
		t.Error("out of memory")
	}
}

// A command that makes cgroups of its own, such as another host, leaves none of them.
func TestCgroupsInACgroup(t *testing.T) {
	c := Command{Args: []string{"sh", "-c", `cd $D/kinwire-* && mkdir -p inner/most other && echo $$ >inner/most/cgroup.procs && exit 7`}}
	c.Cgroup.Dir = cgroupDir(t)
	c.Env = []string{"D=" + c.Cgroup.Dir}
	if e := run(t, c); e.Code != 7 {
		t.Error(e, e.LastWords())
	}
	if left := must(filepath.Glob(c.Cgroup.Dir + "/kinwire-*")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestCgroupsThatCannotBe(t *testing.T) {
	run(t, Command{Args: []string{"true"}})
	failed(t, Command{Args: []string{"true"}, Cgroup: Cgroup{Dir: "/none/such"}}, CauseCgroup, syscall.ENOENT, "/none/such")
	failed(t, Command{Args: []string{"true"}, Cgroup: Cgroup{Dir: t.TempDir()}}, CauseCgroup, errCgroup, "v2")
	failed(t, Command{Args: []string{"true"}, Cgroup: Cgroup{MemoryMax: 1}}, CauseCgroup, errCgroup, "no Dir")
}

// A program that can't be started leaves no cgroup, and is still told apart.
func TestCgroupOfNothing(t *testing.T) {
	dir := cgroupDir(t)
	failed(t, Command{Args: []string{"/none/such"}, Cgroup: Cgroup{Dir: dir}}, CauseProgram, os.ErrNotExist, "no such program")
	failed(t, Command{Args: []string{write(t, 0o644, "")}, Cgroup: Cgroup{Dir: dir}}, CauseProgram, os.ErrPermission, "not executable")
	if left := must(filepath.Glob(dir + "/kinwire-*")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// A limit is set, or the start fails: it is never forgotten.
func TestCgroupMemory(t *testing.T) {
	dir := cgroupDir(t)
	c := child(t, "hungry", "200000000")
	c.Cgroup = Cgroup{Dir: dir, MemoryMax: 50 << 20}
	controllers := must(os.ReadFile(dir + "/cgroup.controllers"))
	if !strings.Contains(string(controllers), "memory") {
		failed(t, c, CauseCgroup, os.ErrNotExist, "memory.max")
		t.Skip("the rest of this test needs the memory controller on cgroup v2")
	}
	if err := os.WriteFile(dir+"/cgroup.subtree_control", []byte("+memory"), 0); err != nil {
		t.Fatal(err)
	}
	e := run(t, c)
	if e.OutOfMemory != OOMYes || e.Signal != syscall.SIGKILL || !strings.Contains(e.String(), "(out of memory)") {
		t.Errorf("%v, out of memory: %v", e, e.OutOfMemory)
	}
	if e := run(t, Command{Args: []string{"true"}, Cgroup: c.Cgroup}); e.OutOfMemory != OOMNo || !e.Success() {
		t.Errorf("%v, out of memory: %v", e, e.OutOfMemory)
	}
}

// The kernel's own words, and none.
func TestReadOOM(t *testing.T) {
	for content, want := range map[string]OOM{
		"low 0\nhigh 0\nmax 12\noom 1\noom_kill 1\noom_group_kill 0\n": OOMYes,
		"low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n":                    OOMNo,
		"low 0\nhigh 0\nmax 12\noom 3\noom_kill 0\noom_group_kill 0\n": OOMNo,
		"oom_kill\n":         OOMUnknown,
		"oom_kill many\n":    OOMUnknown,
		"":                   OOMUnknown,
		"oom_group_kill 1\n": OOMYes,
	} {
		if got := readOOM(write(t, 0o644, content)); got != want {
			t.Errorf("%q: %v, want %v", content, got, want)
		}
	}
	if got := readOOM("/none/such"); got != OOMUnknown {
		t.Errorf("no file: %v", got)
	}
}

func TestStringOfOOM(t *testing.T) {
	e := &Exit{State: Signaled, Signal: syscall.SIGKILL, OutOfMemory: OOMYes}
	if got := e.String(); got != "killed by SIGKILL (out of memory) after 0s" {
		t.Error(got)
	}
	e.OutOfMemory = OOMUnknown
	if got := e.String(); got != "killed by SIGKILL (not sent by the host) after 0s" {
		t.Error(got)
	}
}

// Without a cgroup nobody knows.
func TestOOMIsNotGuessed(t *testing.T) {
	e, err := Run(context.Background(), Command{Args: []string{"sh", "-c", "kill -9 $$"}})
	if err != nil || e.OutOfMemory != OOMUnknown {
		t.Errorf("%v, %v, %v", err, e, e.OutOfMemory)
	}
}

// A frozen tree can't answer, but it can be ended.
func TestStopOfFrozenCgroup(t *testing.T) {
	c := child(t, "polite")
	c.Cgroup.Dir = cgroupDir(t)
	p, h := startHeard(t, c)
	h.await(t, Stdout, "ready")
	if err := writeControl(p.leaf.file("cgroup.freeze"), "1"); err != nil {
		t.Skipf("this test needs cgroup.freeze: %v", err)
	}
	stop(t, p, Ladder{Term: 200 * time.Millisecond}, "shutdown")
	if e := p.Exit(); e.Reason != "shutdown" || e.State == Unknown {
		t.Error(e)
	}
}

func TestFindCgroup(t *testing.T) {
	const hybrid = "33 23 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n" +
		"34 23 0:30 / /sys/fs/cgroup/unified rw,nosuid shared:9 - cgroup2 cgroup2 rw\n"
	for _, c := range []struct{ own, mounts, want string }{
		{"9:memory:/a\n0::/\n", hybrid, "/sys/fs/cgroup/unified"},
		{"0::/system.slice/x.service\n", "25 1 0:22 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "/sys/fs/cgroup/system.slice/x.service"},
		{"0::/a/b/c\n", "25 1 0:22 /a/b /cg rw - cgroup2 cgroup2 rw\n", "/cg/c"},
		{"0::/a/bc\n", "25 1 0:22 /a/b /cg rw - cgroup2 cgroup2 rw\n", ""},
		{"0::/../x\n", hybrid, ""},
		{"9:memory:/a\n", hybrid, ""},
		{"0::/\n", "", ""},
	} {
		if got, ok := findCgroup(c.own, c.mounts); got != c.want || ok != (c.want != "") {
			t.Errorf("%q: %q %t, want %q", c.own, got, ok, c.want)
		}
	}
}

// Where the host may make cgroups, it can be asked for.
func TestHostCgroup(t *testing.T) {
	dir, err := HostCgroup()
	if err != nil {
		t.Skipf("this test needs a host in a cgroup v2 of its own: %v", err)
	}
	e, err := Run(context.Background(), Command{Args: []string{"true"}, Cgroup: Cgroup{Dir: dir}})
	if err != nil || !e.Success() {
		t.Errorf("%v, %v", e, err)
	}
}

// What the system refuses at the start is the cgroup's fault, and leaves nothing.
func TestCgroupThatTakesNobody(t *testing.T) {
	threaded := filepath.Join(cgroupDir(t), "threaded")
	if err := os.Mkdir(threaded, 0o755); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(threaded)
	if err := writeControl(threaded+"/cgroup.type", "threaded"); err != nil {
		t.Skipf("this test needs threaded cgroups: %v", err)
	}
	failed(t, Command{Args: []string{"true"}, Cgroup: Cgroup{Dir: threaded}}, CauseCgroup, syscall.EOPNOTSUPP, "threaded")
	if left := must(filepath.Glob(threaded + "/kinwire-*")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}
