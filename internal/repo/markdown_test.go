package repo

import (
	"cmp"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// A block is a fenced block of code in a Markdown file, with the marker before it.
type block struct {
	line   int    // of its fence, from 1
	lang   string // "" if the fence names none
	marker string // the key of the marker, "" if there is none
	value  string // the marker's value
	text   string
}

// A document is what the tests see of a Markdown file.
type document struct {
	blocks   []block
	links    []link
	anchors  []string // of its headings
	problems []string // markers that mark nothing, fences that do not end
}

// A link is a link or a picture.
type link struct {
	line   int
	target string
}

var (
	fenceLine   = regexp.MustCompile("^( *)(```+|~~~+) *([A-Za-z0-9_+-]*)[^`]*$")
	commentLine = regexp.MustCompile(`^\s*<!--\s*([a-z]+)\s*(?::\s*(.*?))?\s*-->\s*$`)
	headingLine = regexp.MustCompile(`^#{1,6}\s+(.*?)\s*#*$`)
	codeSpan    = regexp.MustCompile("``.*?``|`[^`]*`")
	inlineLink  = regexp.MustCompile(`\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)`)
	linkTarget  = regexp.MustCompile(`^\s{0,3}\[[^\]]+\]:\s+<?([^\s>]+)`)
	htmlLink    = regexp.MustCompile(`\b(?:href|src)="([^"]+)"`)
	htmlAnchor  = regexp.MustCompile(`<a\s+(?:id|name)="([^"]+)"`)
)

// parseMarkdown reads what the tests need, which is not all of Markdown.
func parseMarkdown(text string) document {
	var doc document
	problem := func(line int, format string, args ...any) {
		doc.problems = append(doc.problems, fmt.Sprintf("line %d: ", line)+fmt.Sprintf(format, args...))
	}
	lines := strings.Split(text, "\n")
	var pending block // what the last comment said, if nothing has followed it yet
	stray := func() {
		if pending.marker != "" {
			problem(pending.line, "no block follows the marker %q", pending.marker)
		}
		pending = block{}
	}
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if strings.TrimSpace(line) == "" {
			continue
		}
		if m := fenceLine.FindStringSubmatch(line); m != nil {
			b := block{line: i + 1, lang: m[3], marker: pending.marker, value: pending.value}
			pending = block{}
			indent, fence := m[1], m[2]
			var inside strings.Builder
			for i++; i < len(lines) && !closes(lines[i], fence); i++ {
				inside.WriteString(strings.TrimPrefix(lines[i], indent) + "\n")
			}
			if i == len(lines) {
				problem(b.line, "the block does not end")
			}
			b.text = inside.String()
			doc.blocks = append(doc.blocks, b)
			continue
		}
		stray()
		if m := commentLine.FindStringSubmatch(line); m != nil && slices.Contains(markers, m[1]) {
			pending = block{line: i + 1, marker: m[1], value: m[2]}
			continue
		}
		for _, m := range htmlAnchor.FindAllStringSubmatch(line, -1) {
			doc.anchors = append(doc.anchors, m[1])
		}
		if m := headingLine.FindStringSubmatch(line); m != nil {
			doc.anchors = append(doc.anchors, anchor(m[1], doc.anchors))
		}
		line = codeSpan.ReplaceAllString(line, "")
		for _, pattern := range []*regexp.Regexp{inlineLink, linkTarget, htmlLink} {
			for _, m := range pattern.FindAllStringSubmatch(line, -1) {
				doc.links = append(doc.links, link{i + 1, m[1]})
			}
		}
	}
	stray()
	return doc
}

// closes tells whether a line ends a block that began with fence.
func closes(line, fence string) bool {
	line = strings.TrimSpace(line)
	return strings.HasPrefix(line, fence) && strings.Trim(line, fence[:1]) == ""
}

// anchor makes the name under which GitHub lets one link to a heading: lower case, spaces
// as hyphens, no punctuation, and a number if an earlier heading has the same name.
func anchor(heading string, taken []string) string {
	heading = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`).ReplaceAllString(heading, "$1")
	name := strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-', r == '_', unicode.IsLetter(r), unicode.IsNumber(r):
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
	unique := name
	for n := 1; slices.Contains(taken, unique); n++ {
		unique = fmt.Sprintf("%s-%d", name, n)
	}
	return unique
}

// TestLinks follows every link of a Markdown file that stays in the tree.
func TestLinks(t *testing.T) {
	files := readTree(t)
	paths := make(map[string]bool) // of files and directories
	docs := make(map[string]document)
	for _, f := range files {
		for name := f.path; name != "."; name = path.Dir(name) {
			paths[name] = true
		}
		if path.Ext(f.path) == ".md" {
			docs[f.path] = parseMarkdown(string(f.text))
		}
	}
	for name, doc := range docs {
		for _, l := range doc.links {
			if problem := followLink(name, l.target, paths, docs); problem != "" {
				t.Errorf("%s:%d: %s: %s", name, l.line, l.target, problem)
			}
		}
	}
}

// followLink says what is wrong with a link of a file, or "".
func followLink(from, target string, paths map[string]bool, docs map[string]document) string {
	u, err := url.Parse(target)
	switch {
	case err != nil:
		return err.Error()
	case u.Scheme != "" || u.Host != "":
		return "" // not of the tree
	case path.IsAbs(u.Path):
		return "a link into the tree is relative to its file"
	}
	to := from
	if u.Path != "" {
		to = path.Join(path.Dir(from), u.Path)
	}
	switch {
	case to == ".":
		return ""
	case !paths[to]:
		return "no such file"
	case u.Fragment == "" || path.Ext(to) != ".md":
		return ""
	case !slices.Contains(docs[to].anchors, u.Fragment):
		return fmt.Sprintf("%s has no such heading", to)
	}
	return ""
}

func TestParseMarkdown(t *testing.T) {
	const text = "# A `b` (c), d!\n" +
		"See [x](y.md#z), ![p](<q.png> \"t\") and `[no](no.md)`.\n" +
		"## A b c d\n" +
		"\n" +
		"<!-- file: a/b.go -->\n" +
		"\n" +
		"```go\npackage main // [no](no.md)\n```\n" +
		"<!-- an ordinary comment -->\n" +
		"- item\n" +
		"  <!-- run -->\n" +
		"  ```sh\n  echo a\n    echo b\n  ```\n" +
		"````markdown\n<!-- run -->\n```sh\n```\n````\n" +
		"<!-- output -->\n" +
		"text\n" +
		"[r]: ../r.md\n" +
		"~~~\nleft open\n"
	doc := parseMarkdown(text)
	for i, want := range []block{
		{7, "go", "file", "a/b.go", "package main // [no](no.md)\n"},
		{13, "sh", "run", "", "echo a\n  echo b\n"},
		{17, "markdown", "", "", "<!-- run -->\n```sh\n```\n"},
		{25, "", "", "", "left open\n\n"},
	} {
		if i >= len(doc.blocks) {
			t.Fatalf("%d blocks", len(doc.blocks))
		}
		if doc.blocks[i] != want {
			t.Errorf("block %d is\n%+v, want\n%+v", i, doc.blocks[i], want)
		}
	}
	if want := []string{"a-b-c-d", "a-b-c-d-1"}; !slices.Equal(doc.anchors, want) {
		t.Errorf("anchors %q, want %q", doc.anchors, want)
	}
	if want := []link{{2, "y.md#z"}, {2, "q.png"}, {24, "../r.md"}}; !slices.Equal(doc.links, want) {
		t.Errorf("links %v, want %v", doc.links, want)
	}
	wantProblems(t, doc.problems, []string{`line 22: no block follows the marker "output"`, "line 25: the block does not end"})
}

func TestFollowLink(t *testing.T) {
	paths := map[string]bool{"docs": true, "docs/a.md": true, "b.md": true, "c.go": true}
	docs := map[string]document{"docs/a.md": {anchors: []string{"one"}}, "b.md": {}}
	for _, c := range []struct{ from, target, want string }{
		{"docs/a.md", "../b.md", ""},
		{"docs/a.md", "#one", ""},
		{"b.md", "docs/a.md#one", ""},
		{"b.md", "docs/", ""},
		{"docs/a.md", "..", ""},
		{"b.md", "https://go.dev/x", ""},
		{"b.md", "c.go#L3", ""},
		{"b.md", "docs/a.md#two", "docs/a.md has no such heading"},
		{"docs/a.md", "b.md", "no such file"},
		{"b.md", "../b.md", "no such file"},
		{"b.md", "/b.md", "a link into the tree is relative to its file"},
	} {
		if got := followLink(c.from, c.target, paths, docs); got != c.want {
			t.Errorf("%s in %s: %q, want %q", c.target, c.from, got, cmp.Or(c.want, "nothing"))
		}
	}
}
