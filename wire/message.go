package wire

// Message is a checked body: its type, and the elements behind it that nobody has read
// yet. It refers to the body.
type Message struct {
	Type Type
	body []byte
	at   int // offset of the element behind the type
	rest int // elements behind the type
}

// Parse checks a body against all rules of framing and msgpack, and reads its type. A type
// that version 1 does not know is no error. It does not allocate.
func Parse(body []byte) (Message, error) {
	if len(body) == 0 {
		return Message{}, violation(RuleFrameLength, -HeaderSize, "an empty body")
	}
	c := cursor{b: body}
	if !c.isArray() {
		return Message{}, violation(RuleBodyArray, 0, "the body is no array but begins with 0x%02x", body[0])
	}
	end, err := scan(body, 0, MaxDepth)
	if err != nil {
		return Message{}, err
	}
	if end != len(body) {
		return Message{}, violation(RuleBodyRest, end, "%d bytes behind the body's array", len(body)-end)
	}
	n := c.items()
	if n == 0 {
		return Message{}, violation(RuleBodyArray, 0, "the body's array is empty")
	}
	t, err := c.int("the message type")
	if err != nil {
		return Message{}, err
	}
	return Message{Type: Type(max(t, 0)), body: body, at: c.at, rest: n - 1}, nil
}

// elements is a cursor over what is behind the type, and end of the body's array.
func (m Message) elements() cursor { return cursor{b: m.body, at: m.at} }

// end checks that the message has no further element: Input and Output end with their
// payload.
func (m Message) end(c *cursor) error {
	if c.more() {
		return violation(RuleElement, c.at, "%s ends with its payload, but has more elements", m.Type)
	}
	return nil
}
