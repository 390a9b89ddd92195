package process

// EnvBase is an environment that Command.Env amends.
type EnvBase int

const (
	// HostEnv: the command inherits the environment of the host.
	HostEnv EnvBase = iota
	// EmptyEnv: the command gets what Command.Env sets, and nothing else but KINWIRE_GUARD,
	// which marks its start for the guardian.
	EmptyEnv
)

// WhenSlow is what happens while OnLine or OnChunk does not keep up with the output.
type WhenSlow int

const (
	// DropOutput: what finds no room is dropped, and told by Line.Missed or Chunk.Missed
	// and by Output.Missed. The command never waits.
	DropOutput WhenSlow = iota
	// PauseCommand: nothing more is read, so that the command has to wait in its next write.
	// Nothing that the group has written is lost, unless OnLine or OnChunk does not even
	// take what waits within Command.Drain. The exit ends all waiting: what the pipes hold
	// is then read at once.
	PauseCommand
)

// Streams is how the two streams of the output are captured.
type Streams int

const (
	// TwoStreams: each by itself. Nothing tells in which order they were printed.
	TwoStreams Streams = iota
	// OneStream: standard error goes where standard output goes, so that the order stays as it
	// was. It all counts as standard output, and there is no Exit.Dump.
	OneStream
)

// HostEnd is what the end of the host does to a command.
type HostEnd int

const (
	// DieWithHost: the command is killed, with its group.
	DieWithHost HostEnd = iota
	// OutliveHost: the command lives on, with its group, and nobody looks after it any more. If
	// its output is captured, its next write fails then. It is no concern of the guardian, and
	// has no KINWIRE_GUARD in its environment.
	OutliveHost
)

// Scope is what a command leads.
type Scope int

const (
	// OwnGroup: a process group of its own, in the session of the host. What it starts can
	// still open the terminal of the host, /dev/tty, and is stopped when it reads from it.
	OwnGroup Scope = iota
	// OwnSession: a session of its own, without a terminal, and the one group in it. Windows
	// has no sessions, and makes no difference.
	OwnSession
)

// Rest is what happens to the rest of a group when its leader has exited.
type Rest int

const (
	// KillRest: it is killed.
	KillRest Rest = iota
	// KeepRest: it lives on, unless the end was the host's doing: by Terminate, Kill, Stop,
	// Dump, a limit or the end of a context. As it may then hold the output for ever, Done
	// comes 1 s after the exit, and its later writes fail: whoever keeps something gives
	// it files to write to, or lets it redirect its output. What is kept is out of the host's
	// hands, and outlives it as well. On Windows nothing is kept.
	KeepRest
)
