package jobs

import (
	"slices"
	"unicode/utf8"
)

// exact is what is to run, byte for byte. JSON is text, and what is no UTF-8 would come back
// as something else: another file is removed than was meant.
type exact struct {
	Command [][]byte `json:"command_base64"`
	Env     [][]byte `json:"env_base64,omitempty"`
	Dir     []byte   `json:"dir_base64"`
}

// exactly returns what JSON can't hold as it is, or nil.
func exactly(command, env []string, dir string) *exact {
	if !slices.ContainsFunc(slices.Concat(command, env, []string{dir}), isNoText) {
		return nil
	}
	return &exact{toBytes(command), toBytes(env), []byte(dir)}
}

func isNoText(s string) bool { return !utf8.ValidString(s) }

func toBytes(texts []string) (all [][]byte) {
	for _, text := range texts {
		all = append(all, []byte(text))
	}
	return all
}

func toTexts(all [][]byte) (texts []string) {
	for _, b := range all {
		texts = append(texts, string(b))
	}
	return texts
}

// asMeant returns a request with what it had before it became JSON.
func (r request) asMeant() request {
	if e := r.Exact; e != nil {
		r.Command, r.Env, r.Dir = toTexts(e.Command), toTexts(e.Env), string(e.Dir)
	}
	return r
}
