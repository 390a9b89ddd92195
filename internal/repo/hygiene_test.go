package repo

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestHygiene looks for what no file of the tree may hold.
func TestHygiene(t *testing.T) {
	for _, problem := range checkHygiene(readTree(t)) {
		t.Error(problem)
	}
}

// forbidden is what no text may hold, and what to do instead. The patterns are written so
// that they do not match themselves.
var forbidden = []struct {
	pattern *regexp.Regexp
	why     string
}{
	{regexp.MustCompile(`(?:^|[^.\w])(TO[D]O|FIX[M]E)\b`), "do it, or write an issue"},
	{regexp.MustCompile(`(?:^|[^\w./-])((?:/home|/root|/work|/Users)/[\w.-]+)`), "a path that only one machine has"},
	{regexp.MustCompile(`^(<{7} |>{7} |={7}$)`), "a merge that was not finished"},
}

// checkHygiene returns what is wrong with files, in order.
func checkHygiene(files []file) []string {
	var problems []string
	docs := make(map[string][]string) // by directory of a package, the files with its comment
	for _, f := range files {
		if bytes.IndexByte(f.text, 0) >= 0 || f.path == "LICENSE" {
			continue
		}
		line := 0
		for text := range strings.Lines(string(f.text)) {
			line++
			for _, no := range forbidden {
				if m := no.pattern.FindStringSubmatch(strings.TrimSuffix(text, "\n")); m != nil {
					problems = append(problems, fmt.Sprintf("%s:%d: %s: %s", f.path, line, m[1], no.why))
				}
			}
		}
		if len(f.text) > 0 && f.text[len(f.text)-1] != '\n' && !strings.Contains(f.path, "testdata/") {
			problems = append(problems, fmt.Sprintf("%s: the last line does not end", f.path))
		}
		if path.Ext(f.path) != ".go" || strings.Contains("/"+f.path, "/testdata/") || strings.HasSuffix(f.path, "_test.go") {
			continue
		}
		source, err := parser.ParseFile(token.NewFileSet(), f.path, f.text, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			problems = append(problems, err.Error())
			continue
		}
		dir := path.Dir(f.path)
		if _, ok := docs[dir]; !ok {
			docs[dir] = nil
		}
		if source.Doc.Text() != "" && !ast.IsGenerated(source) {
			docs[dir] = append(docs[dir], path.Base(f.path))
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(docs)) {
		if n := len(docs[dir]); n != 1 {
			problems = append(problems, fmt.Sprintf("%s: %d files have the comment that tells what the package is, and one should: %s",
				dir, n, strings.Join(docs[dir], ", ")))
		}
	}
	return problems
}

func TestCheckHygiene(t *testing.T) {
	at := func(path, text string) file { return file{path: path, text: []byte(text)} }
	const good = "// Package a is one.\npackage a\n"
	for _, c := range []struct {
		name  string
		files []file
		want  []string
	}{
		{"nothing", nil, nil},
		{"a package", []file{at("a/a.go", good), at("a/b.go", "package a\n"), at("a/c_test.go", "package a\n")}, nil},
		{"no comment", []file{at("a/a.go", "//go:build linux\n\npackage a\n")}, []string{"a: 0 files have the comment"}},
		{"two comments", []file{at("a/a.go", good), at("a/b.go", good)}, []string{"a: 2 files have the comment that tells what the package is, and one should: a.go, b.go"}},
		{"later", []file{at("x.md", "a\n- TO"+"DO: b\n")}, []string{"x.md:2: TO" + "DO: "}},
		{"a context for later", []file{at("x.md", "context.TO"+"DO()\n")}, nil},
		{"somebody's file", []file{at("x.sh", "cd /ho"+"me/me/x\n")}, []string{"x.sh:1: /ho" + "me/me: a path"}},
		{"a path that ends so", []file{at("x.md", "https://go.dev/wo"+"rk/x and a/wo"+"rk/y\n")}, nil},
		{"a merge", []file{at("x.md", "<<<<"+"<<< HEAD\n")}, []string{"a merge that was not finished"}},
		{"no end", []file{at("x.md", "a")}, []string{"x.md: the last line does not end"}},
		{"bytes", []file{at("x.bin", "\x00/ho"+"me/me")}, nil},
	} {
		t.Run(c.name, func(t *testing.T) { wantProblems(t, checkHygiene(c.files), c.want) })
	}
}
