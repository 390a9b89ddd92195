package process

import (
	"os/exec"
	"sync"
	"unsafe"

	"golang.org/x/sys/windows"
)

// guardVar is what marks a command for the guardian, elsewhere.
const guardVar = "KINWIRE_GUARD"

// jobs are the job objects of the commands, by the leader's pid. A job kills all that is in
// it when its last handle is closed, which the system does for a host that dies. What a
// command starts is in its job, except in the moment before it is put there.
var jobs = struct {
	sync.Mutex
	byLeader map[int]windows.Handle
	err      error // why the last command has none
}{byLeader: make(map[int]windows.Handle)}

// Unguarded returns why the last command that was started may outlive this host, or nil.
func Unguarded() error {
	jobs.Lock()
	defer jobs.Unlock()
	return jobs.err
}

// announced is a start that is about to be made.
type announced struct{}

func announce(*exec.Cmd) announced { return announced{} }

// Withdraw has nothing to do.
func (announced) Withdraw() {}

// Hold puts a leader into a job of its own.
func (announced) Hold(leader int) {
	job, err := newJob(leader)
	jobs.Lock()
	defer jobs.Unlock()
	jobs.err = err
	if err == nil {
		jobs.byLeader[leader] = job
	}
}

// newJob returns a job with the leader in it.
func newJob(leader int) (windows.Handle, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return 0, err
	}
	var info windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
	info.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	if err == nil {
		err = assign(job, leader)
	}
	if err != nil {
		windows.CloseHandle(job)
		return 0, err
	}
	return job, nil
}

// assign puts a process into a job.
func assign(job windows.Handle, pid int) error {
	process, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(pid))
	if err != nil {
		return err
	}
	defer windows.CloseHandle(process)
	return windows.AssignProcessToJobObject(job, process)
}

// releaseGroup closes the job of a leader that has exited, which kills what it left behind.
func releaseGroup(leader int) {
	jobs.Lock()
	defer jobs.Unlock()
	if job, ok := jobs.byLeader[leader]; ok {
		windows.CloseHandle(job)
		delete(jobs.byLeader, leader)
	}
}
