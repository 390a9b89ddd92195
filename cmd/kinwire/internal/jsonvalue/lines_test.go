package jsonvalue

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

// transcript is what a reader of lines gets, one entry a call, the final error last.
func transcript(r io.Reader, limit int) []string {
	lines := NewLines(r, limit)
	var got []string
	for {
		line, err := lines.Next()
		var tooLong *LineTooLongError
		switch {
		case errors.As(err, &tooLong):
			got = append(got, err.Error())
		case err != nil:
			return append(got, err.Error())
		default:
			got = append(got, fmt.Sprintf("%d %q", line.Number, line.Text))
		}
	}
}

func TestLines(t *testing.T) {
	for _, c := range []struct {
		why, in string
		want    []string
	}{
		{"nothing", "", nil},
		{"only a byte order mark", "\uFEFF", nil},
		{"only blank lines", "\n \n\t\r\n", nil},
		{"lines", "1\n2\n", []string{`1 "1"`, `2 "2"`}},
		{"a last line without an end", "1\n2", []string{`1 "1"`, `2 "2"`}},
		{"CR LF", "1\r\n2\r\n", []string{`1 "1"`, `2 "2"`}},
		{"a last line that ends in CR", "1\r\n2\r", []string{`1 "1"`, `2 "2"`}},
		{"one CR belongs to the end", "1\r\r\n", []string{`1 "1\r"`}},
		{"blank lines count", "\n1\n \t\r\n\n2\n\n", []string{`2 "1"`, `5 "2"`}},
		{"a byte order mark", "\uFEFF1\n2\n", []string{`1 "1"`, `2 "2"`}},
		{"a byte order mark on a line of its own", "\uFEFF\n2\n", []string{`2 "2"`}},
		{"it is one only at the start", "1\n\uFEFF2\n", []string{`1 "1"`, `2 "\ufeff2"`}},
		{"white space around a value stays", "  1 \n", []string{`1 "  1 "`}},

		{"as long as the limit", "12345678\n12345678", []string{`1 "12345678"`, `2 "12345678"`}},
		{"neither CR LF nor the mark counts", "\uFEFF12345678\r\n1\n", []string{`1 "12345678"`, `2 "1"`}},
		{"one byte more", "1\n123456789\n3\n", []string{`1 "1"`, "line 2 is longer than 8 bytes", `3 "3"`}},
		{"one byte more, at the end", "123456789", []string{"line 1 is longer than 8 bytes"}},
		{"blank, but too long", "         \n2\n", []string{"line 1 is longer than 8 bytes", `2 "2"`}},
		{"longer than the buffer", "1\n" + strings.Repeat("x", 200_000) + "\n3\n", []string{`1 "1"`, "line 2 is longer than 8 bytes", `3 "3"`}},
		{"longer than the buffer, at the end", strings.Repeat("x", 200_000), []string{"line 1 is longer than 8 bytes"}},
		{"two of them", strings.Repeat(strings.Repeat("x", 70_000)+"\n", 2) + "3", []string{"line 1 is longer than 8 bytes", "line 2 is longer than 8 bytes", `3 "3"`}},
	} {
		want := append(c.want, "EOF")
		for name, r := range map[string]io.Reader{
			"at once":                strings.NewReader(c.in),
			"byte by byte":           iotest.OneByteReader(strings.NewReader(c.in)),
			"the end with the bytes": iotest.DataErrReader(strings.NewReader(c.in)),
		} {
			if got := transcript(r, 8); strings.Join(got, "|") != strings.Join(want, "|") {
				t.Errorf("%s, %s:\n got %.200q\nwant %.200q", c.why, name, got, want)
			}
		}
	}
}

// Limits around the size of the buffer behind Lines, where a line begins to be put
// together from parts.
func TestLinesLimits(t *testing.T) {
	for _, limit := range []int{0, 1, 65_531, 65_532, 65_536, 65_537, 100_000, 131_072, -1} {
		for _, n := range []int{1, 65_535, 65_536, 65_537, 131_071, 131_072, 131_073, limit, limit + 1} {
			if n <= 0 {
				continue
			}
			for _, end := range []string{"\n", "\r\n", ""} {
				long := strings.Repeat("x", n)
				lines := NewLines(strings.NewReader("\uFEFF"+long+end+"\n22"), limit)
				line, err := lines.Next()
				text := string(line.Text)
				if limit > 0 && n > limit {
					var tooLong *LineTooLongError
					if !errors.As(err, &tooLong) || *tooLong != (LineTooLongError{Number: 1, Limit: limit}) || line.Number != 1 {
						t.Errorf("limit %d, %d bytes, %q: %v", limit, n, end, err)
					}
				} else if err != nil || text != long {
					t.Errorf("limit %d, %d bytes, %q: %d bytes, %v", limit, n, end, len(text), err)
				}
				line, err = lines.Next()
				if limit == 1 {
					continue // "22" is too long, as the test above shows
				}
				if err != nil || string(line.Text) != "22" {
					t.Errorf("limit %d, %d bytes, %q: then %q, %v", limit, n, end, line.Text, err)
				}
			}
		}
	}
}

// A zero limit is the default, to the byte.
func TestLinesDefaultLimit(t *testing.T) {
	in := bytes.Repeat([]byte("x"), DefaultLineLimit+1)
	in = append(in, '\n')
	if line, err := NewLines(bytes.NewReader(in[1:]), 0).Next(); err != nil || len(line.Text) != DefaultLineLimit {
		t.Error(len(line.Text), err)
	}
	if _, err := NewLines(bytes.NewReader(in), 0).Next(); err == nil || err.Error() != "line 1 is longer than 16842752 bytes" {
		t.Error(err)
	}
}

// endless is a line without an end.
type endless struct{ left int }

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return copy(p, "\n2\n"), io.EOF
	}
	n := min(len(p), e.left)
	for i := range n {
		p[i] = 'x'
	}
	e.left -= n
	return n, nil
}

// A line that never ends is reported before its end, and skipped in constant memory.
func TestLinesKeepNoLongLine(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	in := &endless{left: 16 << 20}
	lines := NewLines(in, 100_000)
	_, err := lines.Next()
	var tooLong *LineTooLongError
	if !errors.As(err, &tooLong) {
		t.Fatal(err)
	}
	if read := 16<<20 - in.left; read > 300_000 {
		t.Errorf("reported after %d bytes", read)
	}
	line, err := lines.Next()
	if err != nil || line.Number != 2 || string(line.Text) != "2" {
		t.Errorf("then %d %q, %v", line.Number, line.Text, err)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("%d bytes allocated", n)
	}
}

// A short line is delivered as soon as it is there: a byte order mark is not waited for.
func TestLinesDoNotWait(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	go w.Write([]byte("1\n")) // ends with Next, which reads all of it
	if line, err := NewLines(r, 0).Next(); err != nil || string(line.Text) != "1" {
		t.Errorf("%q, %v", line.Text, err)
	}
}

// An error of the stream is final, and the line that it cut is not taken for a whole one.
func TestLinesReadError(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		in   string
		want string
	}{
		{"1\n2", `1 "1"|broken`},
		{"1\n" + strings.Repeat("x", 100_000), `1 "1"|line 2 is longer than 8 bytes|broken`},
	} {
		r := io.MultiReader(strings.NewReader(c.in), iotest.ErrReader(broken))
		if got := strings.Join(transcript(r, 8), "|"); got != c.want {
			t.Errorf("%.20q: got %s, want %s", c.in, got, c.want)
		}
	}
	lines := NewLines(iotest.ErrReader(broken), 0)
	for range 3 {
		if _, err := lines.Next(); !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
	}
}
