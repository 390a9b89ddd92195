package process

import "os"

// Command says what to run. Only Args is required.
type Command struct {
	// Args is the program and its arguments. A program without a slash is looked up in
	// the host's PATH; with one, a relative path starts from Dir.
	Args []string

	// Dir is the working directory. Empty: the host's.
	Dir string

	// Env amends the host's environment: "NAME=value" sets and "NAME" alone removes,
	// in this order, so that the last one wins. Nil: the host's as it is.
	Env []string

	// Stdin and Stdout are the command's standard input and output. Nil: /dev/null, and
	// captured. Standard error is always captured.
	Stdin, Stdout *os.File

	// Extra are the files that the command inherits as descriptors 3 and up. A nil entry
	// leaves its number closed.
	//
	// All files stay the caller's, who closes them after Start. Start sets them to
	// blocking mode, as programs expect it, so a file that the host goes on using with
	// deadlines must not be given away.
	Extra []*os.File

	// OnLine is called with the captured output, line by line, by one goroutine for each
	// stream: both may call it at a time. It should return quickly. While it does not,
	// up to 1 MiB or 16,384 lines of each stream wait for it. What comes beyond is dropped,
	// and told by Line.Missed and Output.Missed; the command never waits. After the end of
	// the output, OnLine has 1 s to take what waits. Then Done closes all the same, and
	// OnLine is not called again.
	//
	// Nil: the output is only kept for the exit report.
	OnLine func(Line)
}

// Line is a line of captured output, or a piece of a very long one.
type Line struct {
	Stream Stream

	// Text has no newline, at most 64 KiB, and whatever else the command printed: it may
	// hold NULs and invalid UTF-8. It is valid only during the call.
	Text []byte

	// Continues says that Text is a piece of a line of more than 64 KiB, which goes on
	// with the next one.
	Continues bool

	// Missed is how many lines were dropped just before this one, as OnLine was too slow.
	Missed int
}

// Stream is one of the two that are captured.
type Stream int

// The streams, with the numbers of their descriptors.
const (
	Stdout Stream = 1
	Stderr Stream = 2
)

// String returns "stdout" or "stderr".
func (s Stream) String() string {
	if s == Stdout {
		return "stdout"
	}
	return "stderr"
}
