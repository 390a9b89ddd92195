package jsonvalue

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/vmihailenco/msgpack/v5"
)

// maxText is the longest text that ToMsgpack takes: every length in it then fits the 32
// bits of a msgpack header, even if each byte of a string is replaced by the three of
// U+FFFD.
const maxText = 1 << 30

// ToMsgpack returns the msgpack form of line, which is one JSON value with white space
// around it or none. It neither changes line nor keeps a reference to it.
//
// A number without fraction and exponent is an integer, in the fewest bytes (-0 is 0);
// one that fits neither int64 nor uint64 is an error. All other numbers are float64;
// one beyond its range is an error. In strings, each byte that is not UTF-8 and each
// lone surrogate becomes U+FFFD.
//
// Memory is bounded by a small multiple of len(line), the stack by a constant.
func ToMsgpack(line []byte) ([]byte, error) {
	if err := checkLength(len(line)); err != nil {
		return nil, err
	}
	counts, err := scan(line)
	if err != nil {
		return nil, err
	}
	return encode(line, counts)
}

func checkLength(n int) error {
	if n > maxText {
		return fmt.Errorf("%d bytes of JSON, more than %d", n, maxText)
	}
	return nil
}

// stringEnd returns the offset behind the string that begins at line[at].
func stringEnd(line []byte, at int) int {
	for i := at + 1; i < len(line); i++ {
		switch line[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return len(line)
}

// encode writes line, which has passed scan. As msgpack has only prefixes, this is one
// flat pass over the tokens.
func encode(line []byte, counts []uint32) ([]byte, error) {
	var out bytes.Buffer
	out.Grow(len(line))
	enc := msgpack.NewEncoder(&out)
	for i := 0; i < len(line); {
		var err error
		next := i + 1
		switch c := line[i]; c {
		case ' ', '\t', '\r', '\n', ',', ':', ']', '}':
		case '[':
			err = enc.EncodeArrayLen(int(counts[0]))
			counts = counts[1:]
		case '{':
			err = enc.EncodeMapLen(int(counts[0]))
			counts = counts[1:]
		case '"':
			next = stringEnd(line, i)
			err = encodeString(enc, line[i:next])
		case 't', 'f':
			next = i + len("true")
			if c == 'f' {
				next = i + len("false")
			}
			err = enc.EncodeBool(c == 't')
		case 'n':
			next = i + len("null")
			err = enc.EncodeNil()
		default:
			next = numberEnd(line, i)
			if err = encodeNumber(enc, string(line[i:next])); err != nil {
				err = errorAt(i, "%v", err)
			}
		}
		if err != nil {
			return nil, err
		}
		i = next
	}
	return out.Bytes(), nil
}

// encodeString writes a string, given with its quotes.
func encodeString(enc *msgpack.Encoder, quoted []byte) error {
	text := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(text, '\\') < 0 && utf8.Valid(text) {
		return enc.EncodeString(string(text))
	}
	var s string
	if err := json.Unmarshal(quoted, &s); err != nil {
		return err
	}
	return enc.EncodeString(s)
}

// numberEnd returns the offset behind the number that begins at line[at].
func numberEnd(line []byte, at int) int {
	n := bytes.IndexAny(line[at:], " \t\r\n,]}")
	if n < 0 {
		return len(line)
	}
	return at + n
}

// encodeNumber writes a number: an integer if it is spelled as one.
func encodeNumber(enc *msgpack.Encoder, number string) error {
	for i := range len(number) {
		if c := number[i]; c == '.' || c == 'e' || c == 'E' {
			f, err := strconv.ParseFloat(number, 64)
			if err != nil {
				return fmt.Errorf("the number %s does not fit a 64-bit float", abbreviate(number))
			}
			return enc.EncodeFloat64(f)
		}
	}
	if n, err := strconv.ParseInt(number, 10, 64); err == nil {
		return enc.EncodeInt(n)
	}
	if n, err := strconv.ParseUint(number, 10, 64); err == nil {
		return enc.EncodeUint(n)
	}
	return fmt.Errorf("the integer %s does not fit 64 bits", abbreviate(number))
}

// abbreviate keeps an error short, whatever the length of the number.
func abbreviate(number string) string {
	const most = 40
	if len(number) <= most {
		return number
	}
	return fmt.Sprintf("%s... (%d characters)", number[:most], len(number))
}
