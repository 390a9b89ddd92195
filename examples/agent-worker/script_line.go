package main

import (
	"encoding/json"
	"slices"
	"strings"
)

// line is one line of a script.
type line struct{ tool, rest string }

func (l line) String() string { return strings.TrimSpace(l.tool + " " + l.rest) }

// parse returns the lines of a task: "add 2 3; upper hello" has two.
func parse(task string) (lines []line) {
	for part := range strings.FieldsFuncSeq(task, func(r rune) bool { return r == ';' || r == '\n' }) {
		if part = strings.TrimSpace(part); part != "" {
			tool, rest, _ := strings.Cut(part, " ")
			lines = append(lines, line{tool, strings.TrimSpace(rest)})
		}
	}
	return lines
}

// arguments returns the rest of the line as the arguments of its tool: a word for each that is
// required, and all that is left for the last one.
func (l line) arguments(tools []tool) string {
	names := []string{"input"} // of a tool that nobody knows
	if i := slices.IndexFunc(tools, func(t tool) bool { return t.Name == l.tool }); i >= 0 {
		names = required(tools[i])
	}
	values, rest := make(map[string]string), l.rest
	for i, name := range names {
		value := rest
		if i < len(names)-1 {
			value, rest, _ = strings.Cut(rest, " ")
		}
		values[name] = strings.TrimSpace(value)
	}
	text, _ := json.Marshal(values) // strings can always be encoded
	return string(text)
}

// required returns the names of the arguments that a tool can't do without.
func required(t tool) (names []string) {
	list, _ := t.Parameters["required"].([]any)
	for _, name := range list {
		if name, ok := name.(string); ok {
			names = append(names, name)
		}
	}
	return names
}

// brief returns the beginning of a text in one line.
func brief(text string) string {
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > 100 {
		return string(runes[:100]) + "..."
	}
	return string(runes)
}
