package wire

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata/vectors.json")

const vectorsFile = "testdata/vectors.json"

// vectorsAbout opens the file; SPEC.md says more.
const vectorsAbout = "Frames, and how they are read. Made from wire/SPEC.md by the tests of package wire " +
	"(make vectors); the tests of every language run it. wire/SPEC.md, section 23, describes the format."

// A vector is one frame, and what its receiver makes of it as far as its bytes show.
type vector struct {
	Name    string         `json:"name"`
	Message string         `json:"message,omitempty"` // of verdictOK, and then with Fields
	To      string         `json:"to"`
	Hex     string         `json:"hex"`
	Verdict string         `json:"verdict"`
	Rules   []Rule         `json:"rules,omitempty"` // of verdictFatal: all that are broken
	Fields  map[string]any `json:"fields,omitempty"`
}

const (
	verdictOK      = "ok"
	verdictFatal   = "fatal"
	verdictIgnored = "ignored"
)

// vectors are all there are, in the order of the file. None of them is made or judged by the
// code that it is to test: they are the tables, dumps and examples of SPEC.md, and by hand.
func vectors(t testing.TB) []vector {
	t.Helper()
	all := slices.Concat(
		dumpVectors(t), elementVectors(t), handshakeVectors(t), exchangeVectors(t), payloadVectors(t),
		ignoredVectors(t), fatalVectors(t),
	)
	seen := map[string]bool{}
	for _, v := range all {
		if seen[v.Name] {
			t.Fatalf("two vectors are called %s", v.Name)
		}
		seen[v.Name] = true
	}
	return all
}

// TestVectors holds the file of the vectors against SPEC.md, and the code against them.
func TestVectors(t *testing.T) {
	all := vectors(t)
	want := formatVectors(t, all)
	if *update {
		if err := os.WriteFile(vectorsFile, want, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(vectorsFile)
	if err != nil {
		t.Fatalf("%v (make vectors writes it)", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what SPEC.md and the tests say: run make vectors, and commit it with what changed", vectorsFile)
	}
	for _, v := range all {
		t.Run(v.Name, func(t *testing.T) { v.check(t) })
	}
}

// formatVectors writes the file: a line for each vector.
func formatVectors(t *testing.T, all []vector) []byte {
	t.Helper()
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\"protocol\": %d, \"about\": %q, \"vectors\": [\n", Version, vectorsAbout)
	for i, v := range all {
		line, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(line)
		if i < len(all)-1 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString("]}\n")
	return b.Bytes()
}

// check receives the frame, and sends what it says.
func (v vector) check(t *testing.T) {
	frame, err := hex.DecodeString(v.Hex)
	if err != nil {
		t.Fatal(err)
	}
	m, err := receive(frame)
	switch v.Verdict {
	case verdictFatal:
		if len(v.Rules) == 0 || ruleOf(err) != v.Rules[0] {
			t.Fatalf("% x: %v, want the rules %s", frame, err, v.Rules)
		}
	case verdictIgnored:
		if err != nil || m.Type.Known() {
			t.Fatalf("% x: %s, %v, want an unknown type", frame, m.Type, err)
		}
	case verdictOK:
		if err != nil || m.Type.String() != v.Message {
			t.Fatalf("% x: %s, %v, want %s", frame, m.Type, err, v.Message)
		}
		v.checkFields(t, frame[HeaderSize:])
	default:
		t.Fatalf("the verdict %q", v.Verdict)
	}
}

// checkFields reads a body's elements, and those of the frame that is made of the fields.
func (v vector) checkFields(t *testing.T, body []byte) {
	t.Helper()
	got, err := read(body)
	if err != nil {
		t.Fatal(err)
	}
	if got := fieldsOf(t, got); !sameFields(t, got, v.Fields) {
		t.Errorf("% x is read as\n%s, want\n%s", body, inJSON(t, got), inJSON(t, v.Fields))
	}
	m, err := fromFields(v.Message, v.Fields)
	if err != nil {
		t.Fatal(err)
	}
	again, err := read(m.Append(nil)[HeaderSize:])
	if err != nil {
		t.Fatal(err)
	}
	if got := fieldsOf(t, again); !sameFields(t, got, v.Fields) {
		t.Errorf("sent and read again: %s, want\n%s", inJSON(t, got), inJSON(t, v.Fields))
	}
}

// sameFields compares the elements of messages. No status and one of zeros are the same here.
func sameFields(t *testing.T, a, b map[string]any) bool {
	t.Helper()
	const zeros = `"status":{"in_flight":0,"stuck_ms":0}`
	plain := func(m map[string]any) string { return strings.Replace(inJSON(t, m), zeros, `"status":null`, 1) }
	return plain(a) == plain(b)
}

func inJSON(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// fromText reads the JSON of fields, with integers as integers.
func fromText(t testing.TB, text string) map[string]any {
	t.Helper()
	var m map[string]any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return m
}

// receiverOf says to whom a frame goes whose body is this one, as far as it shows.
func receiverOf(body []byte) string {
	if len(body) < 2 || body[0]&0xf0 != mpFixArray || !Type(body[1]).Known() {
		return "either"
	}
	return map[Side]string{Parent: "child", Child: "parent", Parent | Child: "either"}[types[body[1]].from]
}

func fatalVector(name string, body []byte, rules ...Rule) vector {
	return vector{Name: name, To: receiverOf(body), Hex: hex.EncodeToString(frame(body)), Verdict: verdictFatal, Rules: rules}
}

func okVector(name string, body []byte, message string, fields map[string]any) vector {
	return vector{
		Name: name, Message: message, To: receiverOf(body), Hex: hex.EncodeToString(frame(body)), Verdict: verdictOK, Fields: fields,
	}
}

// TestVectorsSeen holds that every message, every rule that bytes show, and either receiver
// have vectors.
func TestVectorsSeen(t *testing.T) {
	messages, receivers := map[string]bool{}, map[string]bool{}
	rules := map[Rule]bool{}
	for _, v := range vectors(t) {
		messages[v.Message] = true
		receivers[v.To] = true
		for _, r := range v.Rules {
			rules[r] = true
		}
	}
	for ty := TypeInitialize; ty.Known(); ty++ {
		if !messages[ty.String()] {
			t.Errorf("no vector of %s", ty)
		}
	}
	for _, row := range table(t, "### Fatal", "rule") {
		if rule := Rule(strings.Trim(row[0], "`")); row[2] == "bytes" && !rules[rule] {
			t.Errorf("no vector of the rule %s", rule)
		}
	}
	if want := map[string]bool{"child": true, "parent": true, "either": true}; !reflect.DeepEqual(receivers, want) {
		t.Errorf("vectors to %v", receivers)
	}
}
