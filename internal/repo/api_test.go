package repo

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata/api.txt")

const apiFile = "testdata/api.txt"

const apiHead = `# What the public packages export, a line each. Written by "make api", and compared with
# the packages by "go test ./internal/repo". A line that goes away breaks programs.
`

// TestAPI compares what the public packages export, on every system, with the golden file.
func TestAPI(t *testing.T) {
	readTree(t)
	on := make(map[string][]string) // by line, the systems it holds on
	for _, system := range systems {
		pkgs := goList(t, system, "-export")
		imp := importer.ForCompiler(token.NewFileSet(), "gc", func(name string) (io.ReadCloser, error) {
			return os.Open(pkgs[name].Export)
		})
		for name, p := range pkgs {
			if !p.ours() || p.Name == "main" || strings.Contains(name+"/", "/internal/") {
				continue
			}
			types, err := imp.Import(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range exported(types) {
				line = relative(name) + ": " + line
				on[line] = append(on[line], system)
			}
		}
	}

	var lines []string
	for _, line := range slices.Sorted(maps.Keys(on)) {
		if len(on[line]) < len(systems) {
			line += " // " + strings.Join(on[line], ", ")
		}
		lines = append(lines, line)
	}
	got := apiHead + strings.Join(lines, "\n") + "\n"

	if *update {
		if err := os.MkdirAll("testdata", 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(apiFile, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(apiFile)
	if err != nil {
		t.Fatalf("%v (make api writes it)", err)
	}
	if diff := diffSets(string(want), got); diff != "" {
		t.Errorf("the exported API is not what %s says (-), but (+):\n%s"+
			"If that is meant, run make api, and tell users of it in CHANGELOG.md.", apiFile, diff)
	} else if string(want) != got {
		t.Errorf("%s is not as make api writes it", apiFile)
	}
}

// diffSets compares two texts whose lines are sorted.
func diffSets(want, got string) string {
	wantLines, gotLines := strings.Split(want, "\n"), strings.Split(got, "\n")
	var b strings.Builder
	for _, line := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(wantLines, gotLines)))) {
		switch inWant, inGot := slices.Contains(wantLines, line), slices.Contains(gotLines, line); {
		case inWant && !inGot:
			fmt.Fprintf(&b, "- %s\n", line)
		case inGot && !inWant:
			fmt.Fprintf(&b, "+ %s\n", line)
		}
	}
	return b.String()
}

// exported describes what a package exports, a line for each thing that a program can
// depend on: also each field of a struct and each method.
func exported(p *types.Package) []string {
	d := describer{qualify: func(other *types.Package) string {
		if other == p {
			return ""
		}
		return other.Name()
	}}
	for _, name := range p.Scope().Names() {
		if obj := p.Scope().Lookup(name); obj.Exported() {
			d.object(obj)
		}
	}
	return d.lines
}

// A describer collects the lines of a package.
type describer struct {
	qualify types.Qualifier
	lines   []string
}

func (d *describer) line(format string, args ...any) {
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

func (d *describer) typeString(t types.Type) string { return types.TypeString(t, d.qualify) }

// signature returns a function's parameters and results, its type parameters first.
func (d *describer) signature(f *types.Func) string {
	var b bytes.Buffer
	types.WriteSignature(&b, f.Type().(*types.Signature), d.qualify)
	return b.String()
}

func (d *describer) object(obj types.Object) {
	switch obj := obj.(type) {
	case *types.Const:
		value := obj.Val().ExactString()
		if obj.Val().Kind() == constant.Float {
			value = obj.Val().String() // and not a fraction
		}
		d.line("const %s %s = %s", obj.Name(), d.typeString(obj.Type()), value)
	case *types.Var:
		d.line("var %s %s", obj.Name(), d.typeString(obj.Type()))
	case *types.Func:
		d.line("func %s%s", obj.Name(), d.signature(obj))
	case *types.TypeName:
		if obj.IsAlias() {
			t := obj.Type()
			if alias, ok := t.(*types.Alias); ok {
				t = alias.Rhs()
			}
			d.line("type %s = %s", obj.Name(), d.typeString(t))
			return
		}
		d.named(obj.Type().(*types.Named))
	}
}

func (d *describer) named(t *types.Named) {
	name := d.typeString(t) // with its type parameters
	switch under := t.Underlying().(type) {
	case *types.Struct:
		d.line("type %s struct", name)
		d.fields(name, under)
	case *types.Interface:
		d.line("type %s interface", name)
		d.interfaceParts(name, under)
	default:
		d.line("type %s %s", name, d.typeString(under))
	}
	for method := range t.Methods() {
		if !method.Exported() {
			continue
		}
		receiver := d.typeString(method.Signature().Recv().Type())
		d.line("method (%s) %s%s", receiver, method.Name(), d.signature(method))
	}
}

func (d *describer) fields(name string, s *types.Struct) {
	hidden := false
	for i := range s.NumFields() {
		f := s.Field(i)
		if !f.Exported() {
			hidden = true
			continue
		}
		what := "field " + f.Name() + " " + d.typeString(f.Type())
		if f.Embedded() {
			what = "embeds " + d.typeString(f.Type())
		}
		if tag := s.Tag(i); tag != "" {
			what += " `" + tag + "`"
		}
		d.line("type %s struct, %s", name, what)
	}
	if hidden {
		d.line("type %s struct, unexported fields", name)
	}
}

func (d *describer) interfaceParts(name string, i *types.Interface) {
	hidden := false
	for method := range i.ExplicitMethods() {
		if !method.Exported() {
			hidden = true
			continue
		}
		d.line("type %s interface, method %s%s", name, method.Name(), d.signature(method))
	}
	for embedded := range i.EmbeddedTypes() {
		d.line("type %s interface, embeds %s", name, d.typeString(embedded))
	}
	if hidden {
		d.line("type %s interface, unexported methods", name)
	}
}

func TestExported(t *testing.T) {
	const source = `package p
const (
	A = iota + 1
	B
	S string = "x\ny"
	F = 0.25
	hidden = 2
)
var V, v *T
func Fn[In, Out any](f func(In) (Out, error), more ...int) (n int, err error) { return }
type T struct {
	N int ` + "`k:\"v\"`" + `
	E
	h int
}
func (T) Get() int { return 0 }
func (t *T) Set(n int) {}
func (t *T) unseen() {}
type E struct{}
type G[K comparable] map[K]error
func (g G[K]) Len() int { return 0 }
type I interface { error; M(p []byte) (n int); m() }
type Same = T
type F2 func(T) I
`
	want := []string{
		"const A untyped int = 1",
		"const B untyped int = 2",
		"const F untyped float = 0.25",
		"const S string = \"x\\ny\"",
		"func Fn[In, Out any](f func(In) (Out, error), more ...int) (n int, err error)",
		"method (*T) Set(n int)",
		"method (G[K]) Len() int",
		"method (T) Get() int",
		"type E struct",
		"type F2 func(T) I",
		"type G[K comparable] map[K]error",
		"type I interface",
		"type I interface, embeds error",
		"type I interface, method M(p []byte) (n int)",
		"type I interface, unexported methods",
		"type Same = T",
		"type T struct",
		"type T struct, embeds E",
		"type T struct, field N int `k:\"v\"`",
		"type T struct, unexported fields",
		"var V *T",
	}
	files := token.NewFileSet()
	f, err := parser.ParseFile(files, "p.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	p, err := new(types.Config).Check("p", files, []*ast.File{f}, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := slices.Sorted(slices.Values(exported(p)))
	if diff := diffSets(strings.Join(want, "\n"), strings.Join(got, "\n")); diff != "" {
		t.Errorf("not as wanted (-):\n%s", diff)
	}
	if got, want := diffSets("a\nb\nd", "a\nc\nd"), "- b\n+ c\n"; got != want {
		t.Errorf("the difference is shown as %q, want %q", got, want)
	}
}
