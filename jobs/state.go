package jobs

// State is how a job is. A record of a newer version may have others.
type State string

// The states.
const (
	Running   State = "running"
	Succeeded State = "succeeded" // exit status 0
	Failed    State = "failed"    // another exit status, a signal, too much output, or never started
	Killed    State = "killed"    // on request
	TimedOut  State = "timed_out" // at Spec.MaxRuntime
	Lost      State = "lost"      // nobody knows
)

// States are all states that this version knows.
func States() []State { return []State{Running, Succeeded, Failed, Killed, TimedOut, Lost} }

// FollowUpState is how far a follow-up is.
type FollowUpState string

// The states of a follow-up.
const (
	NoFollowUp      FollowUpState = "none"    // there is nothing to follow up: it runs, or was killed on request
	PendingFollowUp FollowUpState = "pending" // nobody has dealt with the end of the job
	ClaimedFollowUp FollowUpState = "claimed" // somebody is at it
	AckedFollowUp   FollowUpState = "acked"   // it is done
	FailedFollowUp  FollowUpState = "failed"  // it has failed too often
)
