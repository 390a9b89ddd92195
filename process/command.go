package process

import (
	"io"
	"os"
	"path/filepath"
	"time"
)

// Command says what to run, and how. Only Args is required.
type Command struct {
	// Args is the program and its arguments. A program without a slash is looked up in
	// the host's PATH; with one, a relative path starts from Dir.
	Args []string

	// Name is what the command is called in errors and in a Registry. Empty: the last
	// element of Args[0].
	Name string

	// Dir is the working directory. Empty: the host's.
	Dir string

	// Env amends the environment that EnvBase names: "NAME=value" sets and "NAME" alone
	// removes, in this order, so that the last one wins. Nil: that environment as it is.
	Env []string
	// EnvBase is what Env amends. Zero: HostEnv.
	EnvBase EnvBase

	// Stdin and Stdout are the command's standard input and output. Nil: Input, or
	// /dev/null if that is nil too; and captured. Standard error is always captured, unless
	// it goes where standard output goes (OneStream).
	Stdin, Stdout *os.File

	// Input is what the command reads from its standard input, such as a bytes.Reader. It
	// is read to its end, which the command sees, by one goroutine, and not closed. A
	// command that ends without having read it all is no error. The end of the leader ends
	// the reading; a Read that does not return then is left alone, and Done does not wait
	// for it. What Read fails with is Exit.InputErr. Stdin must be nil.
	Input io.Reader

	// Extra are the files that the command inherits as descriptors 3 and up. A nil entry
	// leaves its number closed.
	//
	// All files stay the caller's, who closes them after Start. Start sets them to
	// blocking mode, as programs expect it, so a file that the host goes on using with
	// deadlines must not be given away.
	Extra []*os.File

	// Rlimits bound what each process of the command may use. They hold from the program's
	// first instruction on, and cost a start of the host's own program, some
	// milliseconds. A limit that can't be had is a *StartError, and so is any on Windows.
	Rlimits []Rlimit

	// OnLine is called with the captured output, line by line, by one goroutine for each
	// stream: both may call it at a time. OnChunk is called likewise with what was read, as
	// it came. At most one of them may be set. Nil: the output is only kept for the exit
	// report.
	//
	// They should return quickly. While they do not, up to 1 MiB or 16,384 lines of each
	// stream wait for them, and WhenSlow says what happens then. A panic in them is one of
	// the host's.
	OnLine  func(Line)
	OnChunk func(Chunk)
	// WhenSlow is what happens to output for which there is no room. Zero: DropOutput.
	WhenSlow WhenSlow
	// Drain is how long OnLine or OnChunk has, after the end of the output, to take what
	// waits. Then Done closes all the same, and neither is called again. If zero, 1 s. If
	// negative, Done waits as long as it takes, and so may not be waited for by them.
	Drain time.Duration
	// MaxLine is how long a line may be, in bytes: a longer one comes in pieces. It is also
	// how much memory a line without an end costs. If zero or negative, 64 KiB.
	MaxLine int

	// Streams is how the output is captured. Zero: TwoStreams.
	Streams Streams

	// Limits end the command when it breaks one. Zero: there are none.
	Limits Limits
	// Stop has the steps of every Stop that does not give its own, and of those that a
	// limit or the end of a context cause.
	Stop Ladder

	// Scope is what the command leads. Zero: OwnGroup.
	Scope Scope
	// Rest is what happens to the others in the group when the leader has exited by
	// itself. Zero: KillRest.
	Rest Rest
	// HostEnd is what the end of the host does to the command. Zero: DieWithHost.
	HostEnd HostEnd
	// Cgroup holds everything that descends from the command, also what leaves its group.
	// Zero: nothing does.
	Cgroup Cgroup

	// Registry lists the command while it runs. Nil: none does.
	Registry *Registry
}

// name returns what the command is called.
func (c Command) name() string {
	if c.Name != "" || len(c.Args) == 0 {
		return c.Name
	}
	return filepath.Base(c.Args[0])
}

// maxLine returns the effective MaxLine.
func (c Command) maxLine() int {
	if c.MaxLine <= 0 {
		return defaultMaxLine
	}
	return c.MaxLine
}
