package main

import (
	"runtime/debug"
	"testing"
)

func TestRevision(t *testing.T) {
	set := func(key, value string) debug.BuildSetting { return debug.BuildSetting{Key: key, Value: value} }
	for want, settings := range map[string][]debug.BuildSetting{
		"":                         {set("GOOS", "linux")},
		" revision abc":            {set("vcs.revision", "abc"), set("vcs.modified", "false")},
		" revision abc (modified)": {set("vcs.revision", "abc"), set("vcs.modified", "true")},
	} {
		if got := revision(&debug.BuildInfo{Settings: settings}); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
