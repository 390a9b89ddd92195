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
	{regexp.MustCompile(`(registry\.(?:npmjs|yarnpkg)\.|(?:pypi|files\.pythonhosted)\.org|proxy\.golang\.)`), "where packages come from is for each machine to say"},
}

// forbiddenIn is what the files of one language may not hold besides, by the ends of their
// names.
var forbiddenIn = []struct {
	ends    []string
	pattern *regexp.Regexp
	why     string
}{
	{[]string{"package-lock.json"}, regexp.MustCompile(`("resolved": "[a-z+]+:)`), "a lock file names no address: see .npmrc"},
	{[]string{"requirements.txt"}, regexp.MustCompile(`^(--(?:extra-)?index-url|--find-links|--trusted-host|-[if] )`), "a lock file names no address"},
	{[]string{".py", ".pyi"}, regexp.MustCompile(`(#\s*type:\s*ignore|#\s*noqa)(?:[^\[:]|$)`), "say which check is wrong here"},
	{[]string{".py", ".pyi"}, regexp.MustCompile(`^\s*(breakpoint\(\)|import pdb\b)`), "that was for a debugger"},
	{[]string{".ts", ".mts", ".js", ".mjs"}, regexp.MustCompile(`(@ts-ignore|@ts-nocheck)`), "@ts-expect-error fails once it is not needed any more"},
	{[]string{".ts", ".mts", ".js", ".mjs"}, regexp.MustCompile(`((?:biome|eslint)-[a-z-]+(?:\s+[\w/]+)?)\s*:?\s*$`), "say why the check is wrong here"},
	{[]string{".ts", ".mts", ".js", ".mjs"}, regexp.MustCompile(`^\s*(debugger\b)`), "that was for a debugger"},
	{[]string{".ts", ".mts", ".js", ".mjs"}, regexp.MustCompile(`\b((?:test|it|describe|suite)\.only\()`), "it leaves out all other tests"},
}

// hasEnd tells whether a file's name ends in one of these ways.
func (f file) hasEnd(ends []string) bool {
	return slices.ContainsFunc(ends, func(end string) bool { return strings.HasSuffix(f.path, end) })
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
			try := func(pattern *regexp.Regexp, why string) {
				if m := pattern.FindStringSubmatch(strings.TrimSuffix(text, "\n")); m != nil {
					problems = append(problems, fmt.Sprintf("%s:%d: %s: %s", f.path, line, m[1], why))
				}
			}
			for _, no := range forbidden {
				try(no.pattern, no.why)
			}
			for _, no := range forbiddenIn {
				if f.hasEnd(no.ends) {
					try(no.pattern, no.why)
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
		{"an address", []file{at("x.md", "https://regis"+"try.npmjs.org/x\n")}, []string{"x.md:1: regis" + "try.npmjs.: where packages come from"}},
		{"a lock file", []file{at("package-lock.json", "{\n  \"resolved\": \"sdk/node\",\n  \"integrity\": \"sha512-x\"\n}\n")}, nil},
		{"a lock file with addresses", []file{at("package-lock.json", "{\"resolved\": \"https://x.org/y.tgz\"}\n")}, []string{"package-lock.json:1: "}},
		{"requirements", []file{at("a/requirements.txt", "x==1 \\\n    --hash=sha256:00\n")}, nil},
		{"requirements with an address", []file{at("a/requirements.txt", "--index-url https://x.org\n")}, []string{"a/requirements.txt:1: --index-url: "}},
		{"Python", []file{at("x.py", "x = 1  # type: ignore[arg-type]\ny = 2  # noqa: E501\n"), at("x.md", "# noqa\n")}, nil},
		{"Python that is not checked", []file{at("x.py", "x = 1  # type: ignore\ny = 2  # noqa\nbreakpoint()\n")},
			[]string{"x.py:1: # type: ignore: say which", "x.py:2: # noqa: say which", "x.py:3: breakpoint(): "}},
		{"TypeScript", []file{at("x.ts", "// @ts-expect-error: why\n// biome-ignore lint/a/b: why\ntest('x')\n")}, nil},
		{"TypeScript that is not checked", []file{at("x.ts", "// @ts-ignore\n// biome-ignore lint/a/b\n  debugger\ntest.only('x')\n")},
			[]string{"x.ts:1: @ts-ignore: ", "x.ts:2: biome-ignore lint/a/b: say why", "x.ts:3: debugger: ", "x.ts:4: test.only(: "}},
		{"bytes", []file{at("x.bin", "\x00/ho"+"me/me")}, nil},
	} {
		t.Run(c.name, func(t *testing.T) { wantProblems(t, checkHygiene(c.files), c.want) })
	}
}
