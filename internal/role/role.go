// Package role is what the host's program can be instead of itself when it is started once
// more: a guardian, which kills what its host leaves behind, or a limiter, which becomes
// another program with resource limits.
//
// A process that has a role plays it in an init function, and never comes further. So every
// host has these helpers, of its own version, and its author does nothing for it. For the
// same reason this package imports hardly anything: it is initialised as soon as what it
// imports is, and before nearly all that could do something in a process that is not meant
// for it. (Go initialises packages in the order of their paths, each as soon as it can.)
package role

import (
	"os"
	"strconv"
)

// The roles. A process that plays one is called so.
const (
	Guardian = "kinwire-guardian"
	Limiter  = "kinwire-limiter"
)

// variable is what gives a process its role, beside its name: what it must find, so that it
// knows that it is meant.
const variable = "KINWIRE_ROLE"

// Env returns the environment variable of a process that is to have the given role, which
// must be its argument 0, too. The word is for a guardian the number of its host, and for a
// limiter the descriptor for its answer.
func Env(role string, word uint64) string {
	return variable + "=" + role + " " + strconv.FormatUint(word, 16)
}

// A variable that somebody inherits does no harm, as a role has its name as well. And it is
// gone before anybody else can inherit it.
func init() {
	value, ok := os.LookupEnv(variable)
	if !ok {
		return
	}
	os.Unsetenv(variable)
	if len(os.Args) == 0 {
		return
	}
	word, ok := cutPrefix(value, os.Args[0]+" ")
	number, err := strconv.ParseUint(word, 16, 64)
	if !ok || err != nil {
		return
	}
	switch os.Args[0] {
	case Guardian:
		playGuardian(number)
	case Limiter:
		playLimiter(number)
	}
}

// cutPrefix is that of package strings.
func cutPrefix(s, prefix string) (after string, ok bool) {
	if len(s) < len(prefix) || s[:len(prefix)] != prefix {
		return s, false
	}
	return s[len(prefix):], true
}
