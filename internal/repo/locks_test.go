package repo

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestLocks holds the lock files of other languages: what is pinned is in them, and all that is
// in them is known by its content.
func TestLocks(t *testing.T) {
	for _, problem := range checkLocks(readTree(t)) {
		t.Error(problem)
	}
}

var (
	pinLine  = regexp.MustCompile(`^([A-Za-z0-9][\w.-]*)==(\S+)`)
	hashLine = regexp.MustCompile(`^\s+--hash=sha256:[0-9a-f]{64}( \\)?$`)
)

// checkLocks returns what is wrong with the lock files among the files.
func checkLocks(files []file) (problems []string) {
	pinned := make(map[string]string) // by name and version, the file that asks for it
	locked := make(map[string]bool)
	for _, f := range files {
		switch base := path.Base(f.path); {
		case strings.HasPrefix(base, "requirements") && path.Ext(base) == ".in":
			for line := range strings.Lines(string(f.text)) {
				if m := pinLine.FindString(line); m != "" {
					pinned[m] = f.path
				} else if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "-r ") {
					problems = append(problems, fmt.Sprintf("%s: %s names no version", f.path, line))
				}
			}
		case base == "requirements.txt":
			problems = append(problems, checkRequirements(f, locked)...)
		case base == "package-lock.json":
			problems = append(problems, checkPackageLock(f)...)
		}
	}
	for _, pin := range slices.Sorted(maps.Keys(pinned)) {
		if !locked[pin] {
			problems = append(problems, fmt.Sprintf("%s: %s is not in requirements.txt, which is made anew as tools/requirements.in says", pinned[pin], pin))
		}
	}
	return problems
}

// checkRequirements adds what a file has locked.
func checkRequirements(f file, locked map[string]bool) (problems []string) {
	current, hashes := "", 1
	end := func() {
		if hashes == 0 {
			problems = append(problems, fmt.Sprintf("%s: %s has no hash", f.path, current))
		}
	}
	for line := range strings.Lines(string(f.text)) {
		line = strings.TrimSuffix(line, "\n")
		if m := pinLine.FindString(line); m != "" {
			end()
			locked[m] = true
			current, hashes = m, 0
		} else if hashLine.MatchString(line) {
			hashes++
		}
	}
	end()
	return problems
}

// checkPackageLock looks at every package that is not of the tree itself.
func checkPackageLock(f file) (problems []string) {
	var lock struct {
		Packages map[string]struct{ Integrity string }
	}
	if err := json.Unmarshal(f.text, &lock); err != nil {
		return []string{fmt.Sprintf("%s: %v", f.path, err)}
	}
	for _, name := range slices.Sorted(maps.Keys(lock.Packages)) {
		_, dependency, ok := strings.Cut(name, "node_modules/")
		ours := !ok || dependency == "kinwire"
		if !ours && !strings.HasPrefix(lock.Packages[name].Integrity, "sha512-") {
			problems = append(problems, fmt.Sprintf("%s: %s has no hash", f.path, name))
		}
	}
	return problems
}

func TestCheckLocks(t *testing.T) {
	at := func(path, text string) file { return file{path: path, text: []byte(text)} }
	hash := "    --hash=sha256:" + strings.Repeat("0", 64) + "\n"
	for _, c := range []struct {
		name  string
		files []file
		want  []string
	}{
		{"nothing", nil, nil},
		{"Python", []file{
			at("a/requirements-dev.in", "# Why.\nx==1.2\n"), at("b/requirements.in", "-r ../a/requirements-dev.in\n\ny==2\n"),
			at("b/requirements.txt", "x==1.2 \\\n"+hash+"    # via y\ny==2 ; python_full_version < '3.10' \\\n"+hash),
		}, nil},
		{"Python, changed", []file{at("requirements.in", "x==1.3\n"), at("requirements.txt", "x==1.2 \\\n"+hash)},
			[]string{"requirements.in: x==1.3 is not in requirements.txt"}},
		{"Python, any version", []file{at("requirements.in", "x>=1.3\n")}, []string{"requirements.in: x>=1.3 names no version"}},
		{"Python, without hashes", []file{at("requirements.txt", "x==1.2\ny==1 \\\n"+hash+"z==3\n")},
			[]string{"x==1.2 has no hash", "z==3 has no hash"}},
		{"Node", []file{at("package-lock.json", `{"packages": {"": {}, "sdk/node": {}, "node_modules/kinwire": {"link": true},
			"node_modules/a": {"integrity": "sha512-x"}}}`)}, nil},
		{"Node, without hashes", []file{at("package-lock.json", `{"packages": {"node_modules/a": {}}}`)}, []string{"node_modules/a has no hash"}},
		{"Node, cut", []file{at("package-lock.json", `{"packages"`)}, []string{"package-lock.json: "}},
	} {
		t.Run(c.name, func(t *testing.T) { wantProblems(t, checkLocks(c.files), c.want) })
	}
}
