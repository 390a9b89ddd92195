package process

import (
	"runtime"
	"slices"
	"strings"
)

// amend returns env with changes made to it: "NAME=value" sets, "NAME" removes.
func amend(env, changes []string) []string {
	env = slices.Clone(env)
	for _, change := range changes {
		name, _, sets := strings.Cut(change, "=")
		env = slices.DeleteFunc(env, func(entry string) bool { return isNamed(entry, name) })
		if sets {
			env = append(env, change)
		}
	}
	return env
}

// isNamed reports whether an entry "NAME=value" is called name.
func isNamed(entry, name string) bool {
	key, _, _ := strings.Cut(entry, "=")
	if runtime.GOOS == "windows" {
		return strings.EqualFold(key, name)
	}
	return key == name
}
