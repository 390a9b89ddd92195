package jobs

import "errors"

// What an error of this package may be, for errors.Is.
var (
	// ErrNotFound: there is no such job.
	ErrNotFound = errors.New("no such job")
	// ErrAmbiguous: what was given for an id is that of several jobs.
	ErrAmbiguous = errors.New("more than one job")
	// ErrRunning: that can only be done with a job that has ended.
	ErrRunning = errors.New("the job is still running")
	// ErrNotDue: the follow-up is none of yours: somebody is at it, it is done or has failed
	// for good, its time has not come, or the job needs none.
	ErrNotDue = errors.New("no follow-up is due")
	// ErrClaimLost: the lease of a claim has ended, and somebody else may be at it.
	ErrClaimLost = errors.New("the claim is no longer held")
	// ErrBusy is for a Monitor's Handle to return: later, please, and this was no attempt.
	ErrBusy = errors.New("busy")
)

// DamageError means that a file in the store is not what it should be. No other job is
// affected.
type DamageError struct {
	Path string
	Err  error
}

// Error says which file it is, and what is wrong with it.
func (e *DamageError) Error() string { return e.Path + ": " + e.Err.Error() }

// Unwrap returns what is wrong with it.
func (e *DamageError) Unwrap() error { return e.Err }
