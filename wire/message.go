package wire

// Message is a checked body, and its type. It refers to the body.
type Message struct {
	Type Type
	body []byte
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
	return message(body)
}

// ParsePrefix reads the envelope of a large Input or Output from the first bytes of its body,
// of which size are to come in all, if its payload is a bin that takes up the whole rest. m is
// the message without its payload, and body[content:size] are the bytes of the bin: all checks
// of [Parse], [Message.Input] and [Message.Output] hold for the body, whatever these bytes are.
// m refers to prefix.
//
// ok is false if it is not so, or can't be told from prefix. The body then has to be read
// whole and given to Parse. An envelope that is in order is read without allocating.
func ParsePrefix(prefix []byte, size int) (m Message, content int, ok bool) {
	c := cursor{b: prefix}
	if !c.more() || !c.isArray() {
		return Message{}, 0, false
	}
	body := header(prefix, 0)
	if body.size < 0 || body.items < outputElements || body.items > inputElements {
		return Message{}, 0, false
	}
	at := body.size
	for range body.items - 1 {
		// As for Parse, the body's array is a level of its own.
		var err error
		if at, err = scan(prefix, at, MaxDepth-1); err != nil {
			return Message{}, 0, false
		}
	}
	if at == len(prefix) || prefix[at] < mpBin8 || prefix[at] > mpBin32 {
		return Message{}, 0, false
	}
	n, head, ok := length(prefix[at:])
	if !ok || at+head+n != size {
		return Message{}, 0, false
	}
	m, err := message(prefix[:at:at])
	switch {
	case err != nil:
		return Message{}, 0, false
	case m.Type == TypeInput && body.items == inputElements:
		_, err = m.Input()
	case m.Type == TypeOutput && body.items == outputElements:
		_, err = m.Output()
	default:
		return Message{}, 0, false
	}
	return m, at + head, err == nil
}

// message reads the type of a body that scan has passed.
func message(body []byte) (Message, error) {
	c := cursor{b: body}
	if c.items() == 0 {
		return Message{}, violation(RuleBodyArray, 0, "the body's array is empty")
	}
	t, err := c.int("the message type")
	if err != nil {
		return Message{}, err
	}
	return Message{Type: Type(max(t, 0)), body: body}, nil
}

// elements is a cursor over what is behind the type.
func (m Message) elements() cursor {
	at := header(m.body, 0).size
	return cursor{b: m.body, at: at + header(m.body, at).size}
}
