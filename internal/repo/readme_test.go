package repo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/kinwire/kinwire/internal/languages"
)

// markers are the keys that a marker may have. CONTRIBUTING.md tells what each one does;
// checkBlocks does it.
var markers = []string{"file", "part", "run", "output", "skip"}

// runTimeout ends a block of commands that hangs.
const runTimeout = 2 * time.Minute

// TestSnippets holds the code blocks of every Markdown file to what they say.
func TestSnippets(t *testing.T) {
	files := readTree(t)
	for _, f := range files {
		if path.Ext(f.path) != ".md" {
			continue
		}
		t.Run(f.path, func(t *testing.T) {
			t.Parallel()
			doc := parseMarkdown(string(f.text))
			for _, problem := range doc.problems {
				t.Errorf("%s: %s", f.path, problem)
			}
			s := &scratch{t: t, files: files}
			find := func(language string) error { return findLanguage(t, language) }
			for _, problem := range checkBlocks(doc.blocks, files, s.build, s.run, find) {
				t.Errorf("%s: %s", f.path, problem)
			}
		})
	}
}

// languagesByName finds the interpreters that a block may need.
var languagesByName = map[string]func() (string, error){
	"python": languages.FindPython, "node": languages.FindNode, "perl": languages.FindPerl,
}

// errLeftOut is for a block whose language is missing, and need not be there.
var errLeftOut = errors.New("left out")

// findLanguage says whether a block that needs a language can be run.
func findLanguage(t *testing.T, language string) error {
	find, ok := languagesByName[language]
	if !ok {
		return fmt.Errorf("no language is called %q", language)
	}
	_, err := find()
	if err != nil {
		languages.SkipPart(t, err)
		err = errLeftOut
	}
	return err
}

// checkBlocks checks the blocks of a document in order and returns what is wrong. It has
// programs compiled by build, languages found by find, and scripts run by exec, which returns
// what they print on their standard output.
func checkBlocks(blocks []block, files []file, build func(program string) error, exec func(script string) (string, error),
	find func(language string) error) []string {
	var problems []string
	var printed *string // by the last block that was run
	leftOut := false    // the last one was not
	for _, b := range blocks {
		problem := func(format string, args ...any) {
			problems = append(problems, fmt.Sprintf("line %d: ", b.line)+fmt.Sprintf(format, args...))
		}
		hasValue := b.value != ""
		if takes := b.marker == "file" || b.marker == "part" || b.marker == "skip"; hasValue != takes && b.marker != "run" {
			problem("the marker %q takes %s", b.marker, map[bool]string{true: "a value after a colon", false: "no value"}[takes])
			continue
		}
		switch b.marker {
		case "":
			if isShell(b.lang) {
				problem("commands are marked <!-- run -->, or <!-- skip: why --> if they cannot be run here")
			} else if b.lang == "go" && isProgram(b.text) {
				if err := checkProgram(b.text, build); err != nil {
					problem("%v", err)
				}
			}
		case "skip":
		case "file", "part":
			source, ok := findFile(files, b.value)
			switch {
			case !ok:
				problem("there is no file %s", b.value)
			case b.marker == "file" && source != b.text:
				problem("the block is not the same as %s:\n%s", b.value, firstDifference(b.text, source))
			case b.marker == "part" && !containsIndented(source, b.text):
				problem("the lines of the block are not in %s one after the other", b.value)
			}
		case "run":
			printed, leftOut = nil, false
			if !isShell(b.lang) {
				problem("what runs is a block of sh or console, not of %q", b.lang)
				continue
			}
			if hasValue {
				err := find(b.value)
				if leftOut = errors.Is(err, errLeftOut); leftOut {
					continue
				}
				if err != nil {
					problem("%v", err)
					continue
				}
			}
			script, shown := b.text, ""
			if b.lang == "console" {
				script, shown = splitConsole(b.text)
			}
			out, err := exec(script)
			if err != nil {
				problem("%v", err)
				continue
			}
			printed = &out
			if b.lang == "console" {
				if !matchOutput(shown, out) {
					problem("the commands print\n%s\nand the block shows\n%s", out, shown)
				}
			}
		case "output":
			switch {
			case leftOut:
			case printed == nil:
				problem("no block that was run comes before this output")
			case !matchOutput(b.text, *printed):
				problem("the block before this one prints\n%s\nand this one shows\n%s", *printed, b.text)
			}
			printed = nil
		}
	}
	return problems
}

func isShell(lang string) bool {
	switch lang {
	case "sh", "bash", "shell", "console":
		return true
	}
	return false
}

func isProgram(text string) bool {
	f, err := parser.ParseFile(token.NewFileSet(), "", text, parser.PackageClauseOnly)
	return err == nil && f.Name.Name == "main"
}

// checkProgram checks a whole program: that it is formatted, is one that readers could
// write, and compiles.
func checkProgram(text string, build func(program string) error) error {
	formatted, err := format.Source([]byte(text))
	if err != nil {
		return err
	}
	if string(formatted) != text {
		return fmt.Errorf("the program is not formatted:\n%s", firstDifference(text, string(formatted)))
	}
	f, err := parser.ParseFile(token.NewFileSet(), "", text, parser.ImportsOnly)
	if err != nil {
		return err
	}
	for _, i := range f.Imports {
		if strings.Contains(i.Path.Value, "/internal/") {
			return fmt.Errorf("the program imports %s, which its readers cannot", i.Path.Value)
		}
	}
	return build(text)
}

func findFile(files []file, name string) (text string, ok bool) {
	for _, f := range files {
		if f.path == name {
			return string(f.text), true
		}
	}
	return "", false
}

// containsIndented tells whether the lines of text are in source, one after the other and
// all indented alike.
func containsIndented(source, text string) bool {
	lines, part := strings.Split(source, "\n"), strings.Split(strings.TrimRight(dedent(text), "\n"), "\n")
	for from := range lines {
		if from+len(part) > len(lines) {
			return false
		}
		here := strings.Join(lines[from:from+len(part)], "\n")
		if strings.TrimRight(dedent(here), "\n") == strings.Join(part, "\n") {
			return true
		}
	}
	return false
}

// dedent takes off what all lines are indented by.
func dedent(text string) string {
	lines := strings.Split(text, "\n")
	common, first := "", true
	for _, line := range lines {
		rest := strings.TrimLeft(line, " \t")
		if rest == "" {
			continue
		}
		indent := line[:len(line)-len(rest)]
		if first {
			common, first = indent, false
		}
		for !strings.HasPrefix(indent, common) {
			common = common[:len(common)-1]
		}
	}
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], common)
	}
	return strings.Join(lines, "\n")
}

// splitConsole takes a session apart: the commands, which follow a "$ " or, continued, a
// "> ", and what they print.
func splitConsole(text string) (script, shown string) {
	var in, out strings.Builder
	for line := range strings.Lines(text) {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			in.WriteString(command)
		} else if command, ok := strings.CutPrefix(line, "> "); ok && out.Len() == 0 {
			in.WriteString(command)
		} else {
			out.WriteString(line)
		}
	}
	return in.String(), out.String()
}

// matchOutput compares what a document shows with what commands print. "..." stands for
// any text within a line, and on a line of its own for any number of lines. Space at the
// ends of lines and of the whole does not count.
func matchOutput(shown, printed string) bool {
	var pattern strings.Builder
	pattern.WriteString("^")
	for line := range strings.Lines(trimLines(shown)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.TrimSpace(line) == "..." {
			pattern.WriteString(`(?:.*\n)*`)
			continue
		}
		pattern.WriteString(strings.ReplaceAll(regexp.QuoteMeta(line), `\.\.\.`, `.*`) + `\n`)
	}
	pattern.WriteString("$")
	return regexp.MustCompile(pattern.String()).MatchString(trimLines(printed))
}

func trimLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t\r")
	}
	return strings.Join(lines, "\n") + "\n"
}

func firstDifference(got, want string) string {
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(gotLines), len(wantLines)) {
		var g, w string
		if i < len(gotLines) {
			g = gotLines[i]
		}
		if i < len(wantLines) {
			w = wantLines[i]
		}
		if g != w {
			return fmt.Sprintf("from its line %d on: %q, want %q", i+1, g, w)
		}
	}
	return "not at all"
}

// A scratch is a copy of the tree for the blocks of one document, made when the first of
// them needs it. The blocks share it, so a later one finds the files of an earlier one.
type scratch struct {
	t     *testing.T
	files []file
	dir   string // "" until there is one
	built bool   // make build has run
	count int    // of programs
}

func (s *scratch) open() {
	if s.dir != "" {
		return
	}
	s.dir = s.t.TempDir()
	for _, f := range s.files {
		name := filepath.Join(s.dir, filepath.FromSlash(f.path))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			s.t.Fatal(err)
		}
		if err := os.WriteFile(name, f.text, f.mode|0o200); err != nil {
			s.t.Fatal(err)
		}
	}
	// What make deps has set up is there as well.
	for _, dir := range []string{".venv", "node_modules"} {
		from, err := filepath.Abs(filepath.Join(root, dir))
		if err != nil {
			s.t.Fatal(err)
		}
		if _, err := os.Stat(from); err != nil {
			continue
		}
		if err := os.Symlink(from, filepath.Join(s.dir, dir)); err != nil {
			s.t.Fatal(err)
		}
	}
}

// env is what commands in the copy find in the environment: not where the copy is stamped
// into what they build, so that the build cache knows it from the last time.
func (s *scratch) env() []string {
	env := []string{"GOFLAGS=" + strings.TrimSpace(os.Getenv("GOFLAGS")+" -trimpath -buildvcs=false")}
	if dir, err := filepath.Abs(s.dir); err == nil {
		env = append(env, "PATH="+filepath.Join(dir, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"))
	}
	return env
}

// build compiles and vets a program of one file as if it stood in the tree.
func (s *scratch) build(program string) error {
	s.open()
	s.count++
	dir := fmt.Sprintf("snippet%d", s.count)
	if err := os.Mkdir(filepath.Join(s.dir, dir), 0o777); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(s.dir, dir, "main.go"), []byte(program), 0o666); err != nil {
		return err
	}
	_, err := s.command("go", "vet", "./"+dir)
	return err
}

// run runs a script, with what make build builds on its path.
func (s *scratch) run(script string) (printed string, err error) {
	if runtime.GOOS == "windows" {
		s.t.Skip("the commands of the documents are for a Unix shell")
	}
	if s.open(); !s.built {
		if _, err := s.command("make", "build"); err != nil {
			return "", err
		}
		s.built = true
	}
	return s.command("bash", "-euo", "pipefail", "-c", script)
}

// command runs a command in the copy.
func (s *scratch) command(name string, args ...string) (printed string, err error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), runTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), s.env()...)
	cmd.WaitDelay = 2 * time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%w\n%s%s", err, stdout.Bytes(), stderr.Bytes())
	}
	return stdout.String(), nil
}

func TestCheckBlocks(t *testing.T) {
	files := []file{{path: "a/b.go", text: []byte("package b\n\nfunc f() {\n\tif x {\n\t\ty()\n\t}\n}\n")}}
	program := "package main\n\nfunc main() {\n}\n"
	for _, c := range []struct {
		name   string
		blocks []block
		want   []string
	}{
		{"text", []block{{lang: "text"}, {lang: "json"}, {lang: "go", text: "f()"}}, nil},
		{"a program", []block{{lang: "go", text: program}}, []string{"built"}},
		{"an unformatted one", []block{{lang: "go", text: "package  main\n"}}, []string{"not formatted:\nfrom its line 1"}},
		{"an impossible one", []block{{lang: "go", text: "package main\n\nimport _ \"x/internal/y\"\n"}}, []string{"which its readers cannot"}},
		{"commands without a marker", []block{{lang: "sh", text: "true\n"}}, []string{"commands are marked"}},
		{"skipped", []block{{lang: "sh", marker: "skip", value: "it asks the network"}}, nil},
		{"skipped for no reason", []block{{lang: "sh", marker: "skip"}}, []string{"takes a value"}},
		{"a file", []block{{lang: "go", marker: "file", value: "a/b.go", text: string(files[0].text)}}, nil},
		{"another file", []block{{lang: "go", marker: "file", value: "a/b.go", text: "package c\n"}},
			[]string{`line 0: the block is not the same as a/b.go:` + "\n" + `from its line 1 on: "package c", want "package b"`}},
		{"no file", []block{{lang: "go", marker: "file", value: "a/c.go"}}, []string{"there is no file a/c.go"}},
		{"a part", []block{{marker: "part", value: "a/b.go", text: "if x {\n\ty()\n}\n"}}, nil},
		{"no part", []block{{marker: "part", value: "a/b.go", text: "if x {\n}\n"}}, []string{"are not in a/b.go"}},
		{"commands", []block{{lang: "sh", marker: "run", text: "echo a\n"}, {lang: "text", marker: "output", text: "ran echo a"}}, nil},
		{"wrong output", []block{{lang: "sh", marker: "run", text: "echo a\n"}, {marker: "output", text: "b\n"}},
			[]string{"the block before this one prints\nran echo a\n\nand this one shows\nb\n"}},
		{"output of nothing", []block{{marker: "output"}}, []string{"no block that was run"}},
		{"commands that fail", []block{{lang: "sh", marker: "run", text: "false\n"}, {marker: "output"}}, []string{"failed", "no block that was run"}},
		{"a session", []block{{lang: "console", marker: "run", text: "$ echo a \\\n>  b\nran echo a \\\n b\n"}}, nil},
		{"a wrong session", []block{{lang: "console", marker: "run", text: "$ echo a\nb\n"}}, []string{"the commands print\nran echo a\n\nand the block shows\nb\n"}},
		{"not commands", []block{{lang: "go", marker: "run"}}, []string{`not of "go"`}},
		{"a language", []block{{lang: "sh", marker: "run", value: "here", text: "echo a\n"}, {marker: "output", text: "ran echo a"}}, nil},
		{"a language that is left out", []block{{lang: "sh", marker: "run", value: "missing"}, {marker: "output", text: "b"}}, nil},
		{"no language", []block{{lang: "sh", marker: "run", value: "twice"}, {marker: "output"}}, []string{`none is called "twice"`, "no block that was run"}},
		{"a value too many", []block{{marker: "output", value: "twice"}}, []string{"takes no value"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := checkBlocks(c.blocks, files,
				func(string) error { return fmt.Errorf("built") },
				func(script string) (string, error) {
					if script == "false\n" {
						return "", fmt.Errorf("failed")
					}
					return "ran " + script, nil
				},
				func(language string) error {
					return map[string]error{"here": nil, "missing": errLeftOut, "twice": errors.New(`none is called "twice"`)}[language]
				})
			wantProblems(t, got, c.want)
		})
	}
}

// TestScratch runs what the blocks of a document ask for in a tree of three files.
func TestScratch(t *testing.T) {
	s := &scratch{t: t, files: []file{
		{path: "go.mod", mode: 0o444, text: []byte("module " + module + "\n\ngo 1.25.0\n")},
		{path: "wire/wire.go", mode: 0o644, text: []byte("// Package wire is a small one.\npackage wire\n\nconst Version = 1\n")},
		{path: "Makefile", mode: 0o644, text: []byte("build:\n\tmkdir bin\n\tprintf '#!/bin/sh\\necho made\\n' >bin/kinwire-here\n\tchmod +x bin/kinwire-here\n")},
	}}
	program := func(body string) string {
		return "package main\n\nimport \"" + module + "/wire\"\n\nfunc main() { println(" + body + ") }\n"
	}
	if err := s.build(program("wire.Version")); err != nil {
		t.Errorf("a program that uses the tree: %v", err)
	}
	if err := s.build(program("wire.Missing")); err == nil || !strings.Contains(err.Error(), "undefined: wire.Missing") {
		t.Errorf("a program that does not compile: %v", err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	if out, err := s.run("kinwire-here; bin/kinwire-here; echo kept >file"); err != nil || out != "made\nmade\n" {
		t.Errorf("what make build has built: %q, %v", out, err)
	}
	if out, err := s.run("cat file"); err != nil || out != "kept\n" {
		t.Errorf("what the block before has written: %q, %v", out, err)
	}
	if out, err := s.run("echo why >&2; false; echo not reached"); err == nil || !strings.Contains(err.Error(), "why") {
		t.Errorf("a command that fails: %q, %v", out, err)
	}
}

func TestMatchOutput(t *testing.T) {
	for _, c := range []struct {
		shown, printed string
		want           bool
	}{
		{"a\nb\n", "a  \nb\n\n", true},
		{"a\n", "a\nb\n", false},
		{"a\n...\nd\n", "a\nb\nc\nd\n", true},
		{"a\n...\nd\n", "a\nd\n", true},
		{"a\n...\n", "a\n", true},
		{"...\nd\n", "a\nb\n", false},
		{"pid ..., code 0\n", "pid 12, code 0\n", true},
		{"pid ..., code 0\n", "pid 12\n, code 0\n", false},
		{"a.c*\n", "abc*\n", false},
		{"", "", true},
	} {
		if got := matchOutput(c.shown, c.printed); got != c.want {
			t.Errorf("%q shows %q: %t, want %t", c.shown, c.printed, got, c.want)
		}
	}
}
