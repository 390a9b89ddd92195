//go:build unix

package role

import (
	"os"
	"strconv"
	"syscall"
)

// Limit bounds one resource.
type Limit struct {
	Resource   int // as the system numbers it
	Soft, Hard uint64
}

// LimiterArgs returns the arguments of a limiter, its name included: the descriptor that
// takes its answer, the number of limits, three numbers for each, the path of the program to
// become, and that program's arguments with its name.
func LimiterArgs(answer int, limits []Limit, path string, args []string) []string {
	list := []string{Limiter, strconv.Itoa(answer), strconv.Itoa(len(limits))}
	for _, l := range limits {
		list = append(list, strconv.Itoa(l.Resource), strconv.FormatUint(l.Soft, 10), strconv.FormatUint(l.Hard, 10))
	}
	return append(append(list, path), args...)
}

// LimiterAnswer decodes what a limiter answers if it can't become the program: the index of
// the limit that the system refuses, or -1, and the system's error. It answers nothing if
// all is well: its descriptor ends when the program runs.
func LimiterAnswer(b []byte) (limit int, err error) {
	if len(b) != answerSize {
		return -1, syscall.EPROTO
	}
	return int(b[0]) - 1, syscall.Errno(parseUint(b[1:]))
}

const answerSize = 5

// playLimiter returns only if nobody has meant it.
func playLimiter(descriptor uint64) {
	if len(os.Args) < 3 || os.Args[1] != strconv.FormatUint(descriptor, 10) {
		return
	}
	answer := int(descriptor)
	count, err := strconv.Atoi(os.Args[2])
	if rest := os.Args[3:]; err != nil || count < 0 || len(rest) < 3*count+2 {
		return
	}
	syscall.CloseOnExec(answer)
	told := make([]byte, 0, answerSize) // before memory is limited
	limit, err := become(count, os.Args[3:])
	errno, _ := err.(syscall.Errno)
	syscall.Write(answer, appendUint(append(told, byte(limit+1)), uint64(errno), answerSize-1))
	syscall.Exit(127)
}

// become limits this process and makes it be the program. It returns only if that fails,
// with what [LimiterAnswer] is about.
func become(count int, args []string) (limit int, err error) {
	limits := make([]Limit, count)
	for i := range limits {
		resource, _ := strconv.Atoi(args[3*i])
		soft, _ := strconv.ParseUint(args[3*i+1], 10, 64)
		hard, _ := strconv.ParseUint(args[3*i+2], 10, 64)
		limits[i] = Limit{resource, soft, hard}
	}
	args = args[3*count:]
	p, err := newProgram(args[0], args[1:], os.Environ())
	if err != nil {
		return -1, err
	}
	for i := range limits {
		if err := setLimit(limits[i]); err != nil {
			return i, err
		}
	}
	return -1, p.exec()
}
