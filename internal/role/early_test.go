package role

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// What a process with a role imports is initialised before it knows that it has one, and so
// is what the host's own packages need, if they need no more. So this package needs as
// little as package os does, and strconv, without which there is no fmt.
func TestEarly(t *testing.T) {
	for _, system := range []string{"linux", "darwin", "freebsd", "windows"} {
		deps := func(packages ...string) []string {
			cmd := exec.Command("go", append([]string{"list", "-deps"}, packages...)...)
			cmd.Env = append(cmd.Environ(), "GOOS="+system, "CGO_ENABLED=0")
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			return strings.Fields(string(out))
		}
		allowed := deps("os", "strconv")
		for _, name := range deps(".") {
			if !slices.Contains(allowed, name) && !strings.HasSuffix(name, "internal/role") {
				t.Errorf("on %s, package %s is imported, however indirectly", system, name)
			}
		}
	}
}
