package repo

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
)

// layers are the packages of the module from the lowest row to the highest. A package
// imports from rows before its own, never from its own row or a later one. The last
// element "..." stands for all packages below a directory, and for the directory.
//
// Tests are free: they may import what they like.
var layers = [][]string{
	{"wire", "internal/version", "internal/deadline", "internal/languages", "internal/terminal"},
	{"transport"},
	{"internal/role"},
	{"internal/guard"},
	{"process"},
	{"jobs"},
	{"exchange"},
	{"internal/fdconn", "internal/memory"},
	{"transport/socketpair", "transport/stdio"},
	{"internal/peer"},
	{"child", "parent"}, // one row: neither side knows the other
	{"pool"},
	{"conformance"},
	{"transport/transporttest", "transport/internal/childtest"}, // for tests, so above all that is not one
	{"cmd/kinwire/internal/..."},
	{"cmd/kinwire"},
	{"examples/..."},
	{"internal/repo"},
}

// core are the packages that a worker or a host links. All that they may need, however
// indirectly, are the modules in coreModules and the standard library. What is heavier,
// such as a library for command lines or progress bars, belongs above them.
var core = []string{
	"wire", "internal/version", "internal/deadline", "transport",
	"internal/role", "internal/guard", "process", "exchange",
	"internal/fdconn", "transport/socketpair", "transport/stdio",
	"internal/peer", "internal/memory", "child", "parent", "pool", "jobs",
}

// coreModules are the modules that the core may need.
var coreModules = []string{
	"github.com/go-ole/go-ole",       // by wmi
	"github.com/shirou/gopsutil/v3",  // not on Linux
	"github.com/shoenig/go-m1cpu",    // by gopsutil, on macOS
	"github.com/tklauser/go-sysconf", // by gopsutil
	"github.com/tklauser/numcpus",    // by go-sysconf
	"github.com/vmihailenco/msgpack/v5",
	"github.com/vmihailenco/tagparser/v2", // by msgpack
	"github.com/yusufpapurcu/wmi",         // by gopsutil, on Windows
	"go.uber.org/multierr",                // by zap
	"go.uber.org/zap",
	"golang.org/x/sys",
}

func TestImports(t *testing.T) {
	files := readTree(t)
	on := make(map[string][]string) // by problem, the systems it holds on
	for _, system := range systems {
		for _, problem := range checkImports(goList(t, system)) {
			on[problem] = append(on[problem], system)
		}
	}
	for _, problem := range slices.Sorted(maps.Keys(on)) {
		t.Errorf("%s (on %s)", problem, strings.Join(on[problem], ", "))
	}

	// A row for what is gone would let its name come back in a place nobody chose.
	for _, name := range slices.Concat(layers...) {
		dir := strings.TrimSuffix(name, "/...")
		found := slices.ContainsFunc(files, func(f file) bool {
			return path.Ext(f.path) == ".go" && (path.Dir(f.path) == dir || dir != name && f.in(dir))
		})
		if !found {
			t.Errorf("there is no package %s any more: take it out of the layers in internal/repo/imports_test.go", name)
		}
	}
}

// checkImports holds the packages of the module against the layers and against what the
// core may need, and returns what is wrong, in order.
func checkImports(pkgs map[string]*pkg) []string {
	var problems []string
	for _, name := range slices.Sorted(maps.Keys(pkgs)) {
		p := pkgs[name]
		if !p.ours() {
			continue
		}
		row, ok := layerOf(relative(name))
		if !ok {
			problems = append(problems, fmt.Sprintf("%s has no layer: put it into the layers in internal/repo/imports_test.go, "+
				"right after the last row that it imports from, and into core there if workers or hosts link it", relative(name)))
			continue
		}
		for _, imported := range p.Imports {
			if q := pkgs[imported]; q == nil || !q.ours() {
				continue
			}
			below, ok := layerOf(relative(imported))
			if ok && below >= row {
				problems = append(problems, fmt.Sprintf("%s imports %s, which is not below it (rows %d and %d of the layers in internal/repo/imports_test.go)",
					relative(name), relative(imported), row+1, below+1))
			}
			if inDir(relative(name), "examples") && strings.Contains(imported, "/internal/") && !strings.Contains(imported, "/examples/") {
				problems = append(problems, fmt.Sprintf("%s imports %s, which its readers cannot: an example imports public packages",
					relative(name), relative(imported)))
			}
		}
		if slices.Contains(core, relative(name)) {
			problems = append(problems, checkCore(pkgs, name)...)
		}
	}
	return problems
}

// checkCore looks at all that a package of the core needs, and returns for each module
// that it may not need the shortest way there.
func checkCore(pkgs map[string]*pkg, from string) []string {
	var problems []string
	cameFrom := map[string]string{from: ""}
	told := make(map[string]bool)
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		p := pkgs[at]
		if p == nil || p.Standard {
			continue
		}
		if !p.ours() && p.Module != nil && !slices.Contains(coreModules, p.Module.Path) {
			if !told[p.Module.Path] {
				told[p.Module.Path] = true
				way := []string{relative(at)}
				for at = cameFrom[at]; at != ""; at = cameFrom[at] {
					way = append(way, relative(at))
				}
				slices.Reverse(way)
				problems = append(problems, fmt.Sprintf("%s is of the core, which may not need module %s (coreModules in internal/repo/imports_test.go): %s",
					relative(from), p.Module.Path, strings.Join(way, " -> ")))
			}
			continue
		}
		for _, imported := range p.Imports {
			if _, seen := cameFrom[imported]; !seen {
				cameFrom[imported] = at
				queue = append(queue, imported)
			}
		}
	}
	return problems
}

// layerOf returns the row of a package, named from the root. A row that names the package
// itself comes before one that names a directory above it.
func layerOf(name string) (row int, ok bool) {
	for row, names := range layers {
		if slices.Contains(names, name) {
			return row, true
		}
	}
	for row, names := range layers {
		for _, pattern := range names {
			if dir, ok := strings.CutSuffix(pattern, "/..."); ok && inDir(name, dir) {
				return row, true
			}
		}
	}
	return 0, false
}

// relative turns the import path of a package of the module into its path from the root.
func relative(importPath string) string {
	return strings.TrimPrefix(importPath, module+"/")
}

// inDir tells whether a package is dir or below it.
func inDir(name, dir string) bool {
	return name == dir || strings.HasPrefix(name, dir+"/")
}

func TestCheckImports(t *testing.T) {
	// The packages of a tree: name, and what it imports. Those without a dot in the first
	// element are of the module.
	tree := func(imports map[string][]string) map[string]*pkg {
		full := func(name string) string {
			if first, _, _ := strings.Cut(name, "/"); strings.Contains(first, ".") {
				return name
			}
			return module + "/" + name
		}
		pkgs := make(map[string]*pkg)
		for name, list := range imports {
			p := &pkg{ImportPath: full(name), Module: &struct{ Path string }{module}}
			if !strings.HasPrefix(p.ImportPath, module) {
				p.Module.Path = name
			}
			for _, imported := range list {
				p.Imports = append(p.Imports, full(imported))
			}
			pkgs[p.ImportPath] = p
		}
		return pkgs
	}
	for _, c := range []struct {
		name string
		tree map[string][]string
		want []string // a part of each problem
	}{
		{"downwards", map[string][]string{"wire": nil, "internal/peer": {"wire"}, "child": {"internal/peer", "wire"}}, nil},
		{"upwards", map[string][]string{"wire": {"process"}, "process": nil}, []string{"wire imports process, which is not below it"}},
		{"sideways", map[string][]string{"parent": {"child"}, "child": nil}, []string{"parent imports child, which is not below it"}},
		{"no layer", map[string][]string{"drawer": {"wire"}, "wire": nil}, []string{"drawer has no layer"}},
		{"a name that begins like another", map[string][]string{"examples2/a": nil}, []string{"examples2/a has no layer"}},
		{"below a directory", map[string][]string{"examples/a/b": {"child"}, "child": nil}, nil},
		{"an example's inside", map[string][]string{"examples/a": {"internal/peer"}, "internal/peer": nil},
			[]string{"examples/a imports internal/peer, which its readers cannot"}},
		{"a module above the core", map[string][]string{"cmd/kinwire": {"github.com/spf13/cobra"}, "github.com/spf13/cobra": nil}, nil},
		{"a module in the core", map[string][]string{
			"child": {"go.uber.org/zap"}, "go.uber.org/zap": {"github.com/spf13/cobra"},
			"github.com/spf13/cobra": {"github.com/spf13/pflag"}, "github.com/spf13/pflag": nil,
		}, []string{"child is of the core, which may not need module github.com/spf13/cobra (coreModules in internal/repo/imports_test.go): " +
			"child -> go.uber.org/zap -> github.com/spf13/cobra"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantProblems(t, checkImports(tree(c.tree)), c.want)
		})
	}
}

// wantProblems compares what a check found with parts of what it should have found.
func wantProblems(t *testing.T, got, want []string) {
	t.Helper()
	ok := slices.EqualFunc(got, want, func(got, want string) bool { return strings.Contains(got, want) })
	if !ok {
		t.Errorf("found %d problems:\n\t%s\nwant %d with:\n\t%s",
			len(got), strings.Join(got, "\n\t"), len(want), strings.Join(want, "\n\t"))
	}
}
