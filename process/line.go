package process

// Line is a line of captured output, or a piece of a very long one.
type Line struct {
	Stream Stream

	// Text has no newline, at most Command.MaxLine bytes, and whatever else the command
	// printed: it may hold NULs and invalid UTF-8. It is valid only during the call of
	// OnLine, or until the loop over StartLines asks for the next one.
	Text []byte

	// Continues says that Text is a piece of a line that is too long, which goes on with
	// the next one of this stream.
	Continues bool

	// Missed is how many lines were dropped just before this one, for want of room.
	Missed int
}

// Chunk is captured output as it was read: it may begin and end anywhere in a line, and in
// a character.
type Chunk struct {
	Stream Stream

	// Data is at most 32 KiB, and valid only during the call.
	Data []byte

	// Missed is how many bytes were dropped just before this chunk, for want of room.
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
