package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/kinwire/kinwire/wire"
)

// use is one use of a tool, as the host's method "tool" is asked for it.
type use struct {
	Name  string   `json:"name"`
	Input []string `json:"input"`
}

func (u use) String() string { return strings.Join(append([]string{u.Name}, u.Input...), " ") }

// result is what came of it.
type result struct {
	use    use
	text   string
	failed wire.Code // "" if it went well
}

// plan turns a task into uses of tools: "add 2 3; upper hello" are two. A real agent asks a
// model here.
func plan(task string) ([]use, error) {
	var uses []use
	for part := range strings.FieldsFuncSeq(task, func(r rune) bool { return r == ';' || r == '\n' }) {
		if words := strings.Fields(part); len(words) > 0 {
			uses = append(uses, use{Name: words[0], Input: words[1:]})
		}
	}
	if len(uses) == 0 {
		return nil, errors.New(`the task asks for nothing; one that does is "add 2 3; upper hello"`)
	}
	return uses, nil
}

// withResults puts what earlier uses came to in the place of $1, $2 and so on, unless they
// have failed.
func (u use) withResults(results []result) use {
	var pairs []string
	for i := len(results) - 1; i >= 0; i-- { // $12 before $1
		if r := results[i]; r.failed == "" {
			pairs = append(pairs, fmt.Sprintf("$%d", i+1), r.text)
		}
	}
	replacer := strings.NewReplacer(pairs...)
	filled := use{Name: u.Name, Input: make([]string, len(u.Input))}
	for i, word := range u.Input {
		filled.Input[i] = replacer.Replace(word)
	}
	return filled
}

// names lists the names of tools.
func names(uses []use) string {
	var list []string
	for _, u := range uses {
		list = append(list, u.Name)
	}
	return strings.Join(list, ", ")
}
