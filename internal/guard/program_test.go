package guard

import (
	"errors"
	"runtime/debug"
	"testing"
)

func TestCheckBuild(t *testing.T) {
	module := func(path string) debug.Module { return debug.Module{Path: path} }
	kinwire, other := module("github.com/kinwire/kinwire"), module("example.com/other")
	for name, c := range map[string]struct {
		info  debug.BuildInfo
		guest bool
	}{
		"nothing is known": {debug.BuildInfo{}, false},
		"a program":        {debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "-buildmode", Value: "exe"}}}, false},
		"a pie":            {debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "-race", Value: "true"}, {Key: "-buildmode", Value: "pie"}}}, false},
		"a library for C":  {debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "-buildmode", Value: "c-shared"}}}, true},
		"our own":          {debug.BuildInfo{Main: kinwire, Deps: []*debug.Module{&other}}, false},
		"a host":           {debug.BuildInfo{Main: other, Deps: []*debug.Module{&other, &kinwire}}, false},
		"a plugin's host":  {debug.BuildInfo{Main: other, Deps: []*debug.Module{&other}}, true},
	} {
		if err := checkBuild(&c.info); errors.Is(err, ErrGuest) != c.guest {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Program(); err != nil {
		t.Error(err)
	}
}
