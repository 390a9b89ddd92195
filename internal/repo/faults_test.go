package repo

import (
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

// faultsPage says which fault is injected by which test.
const faultsPage = "docs/faults.md"

// notInjected begins the last cell of a fault that no test injects.
const notInjected = "Not injected: "

// citedTest is a test as the page names it: its package's path from the root, and its name.
var citedTest = regexp.MustCompile("`([a-z][a-z0-9/]*)\\.((?:Test|Fuzz)[A-Za-z0-9_]*)`")

func TestFaults(t *testing.T) {
	files := readTree(t)
	i := slices.IndexFunc(files, func(f file) bool { return f.path == faultsPage })
	if i < 0 {
		t.Fatalf("there is no %s", faultsPage)
	}
	tests := make(map[string]bool)
	for _, f := range files {
		for _, name := range testsOf(t, f) {
			tests[path.Dir(f.path)+"."+name] = true
		}
	}
	for _, problem := range checkFaults(string(files[i].text), tests) {
		t.Errorf("%s: %s", faultsPage, problem)
	}
}

// testsOf returns the tests and fuzz targets in a file.
func testsOf(t *testing.T, f file) (names []string) {
	t.Helper()
	if !strings.HasSuffix(f.path, "_test.go") {
		return nil
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), f.path, f.text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, decl := range parsed.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil {
			names = append(names, fn.Name.Name)
		}
	}
	return names
}

// checkFaults holds the page against the tests that there are, each as PACKAGE.NAME, and
// returns what is wrong.
//
// A table of two columns has the guarantees, by number; the tables of four have the faults.
func checkFaults(page string, tests map[string]bool) (problems []string) {
	held := make(map[string]bool) // the guarantees, and whether a fault touches each
	for number, line := range strings.Split(page, "\n") {
		problem := func(format string, args ...any) {
			problems = append(problems, fmt.Sprintf("line %d: ", number+1)+fmt.Sprintf(format, args...))
		}
		cells := cellsOf(line)
		if len(cells) == 2 && strings.Trim(cells[0], "0123456789") == "" {
			held[cells[0]] = false
		}
		if len(cells) < 3 || cells[0] == "fault" || strings.HasPrefix(cells[0], "---") {
			continue
		}
		if len(cells) != 4 {
			problem("a row of %d cells", len(cells))
			continue
		}
		last := cells[3]
		cited := citedTest.FindAllStringSubmatch(last, -1)
		for _, c := range cited {
			if name := c[1] + "." + c[2]; !tests[name] {
				problem("there is no test %s", name)
			}
		}
		switch why, skipped := strings.CutPrefix(last, notInjected); {
		case skipped && (len(cited) > 0 || len(strings.Fields(why)) < 5):
			problem("%q gives no reason, or names a test beside it", last)
		case !skipped && (len(cited) == 0 || strings.Trim(citedTest.ReplaceAllString(last, ""), ", ") != ""):
			problem("%q is neither tests nor %q and a reason", last, notInjected)
		case !skipped && cells[1] == "":
			problem("what kinwire does is missing")
		}
		for guarantee := range strings.SplitSeq(cells[2], ", ") {
			if _, ok := held[guarantee]; !ok {
				problem("there is no guarantee %q", guarantee)
			} else {
				held[guarantee] = true
			}
		}
	}
	for _, guarantee := range slices.Sorted(maps.Keys(held)) {
		if !held[guarantee] {
			problems = append(problems, "no fault is named for the guarantee "+guarantee)
		}
	}
	return problems
}

// cellsOf returns the cells of a row of a table.
func cellsOf(line string) []string {
	line, ok := strings.CutPrefix(strings.TrimSpace(line), "|")
	if !ok {
		return nil
	}
	cells := strings.Split(strings.TrimSuffix(line, "|"), "|")
	for i, cell := range cells {
		cells[i] = strings.TrimSpace(cell)
	}
	return cells
}

func TestCheckFaults(t *testing.T) {
	tests := map[string]bool{"a/b.TestX": true, "c.FuzzY": true}
	const head = "| number | guarantee |\n|---|---|\n| 1 | One. |\n\n| fault | what | guarantee | test |\n|---|---|---|---|\n"
	for _, c := range []struct {
		rows string
		want []string
	}{
		{"| f | it | 1 | `a/b.TestX`, `c.FuzzY` |\n| g | | 1 | Not injected: it never comes to that |\n", nil},
		{"| f | it | 1 | `a.TestX` |\n", []string{"line 7: there is no test a.TestX"}},
		{"| f | it | 1 | `c.FuzzY`, and more |\n", []string{"line 7: "}},
		{"| f | it | 1 | |\n", []string{"is neither tests nor"}},
		{"| f | it | 1 | `c.FuzzY` |\n| g | it | 1 | Not injected: no |\n", []string{"line 8: "}},
		{"| f | it | 1, 2 | `c.FuzzY` |\n", []string{`there is no guarantee "2"`}},
		{"| f | | 1 | `c.FuzzY` |\n", []string{"what kinwire does is missing"}},
		{"| f | it | `c.FuzzY` |\n", []string{"a row of 3 cells", "no fault is named for the guarantee 1"}},
	} {
		wantProblems(t, checkFaults(head+c.rows, tests), c.want)
	}
}
