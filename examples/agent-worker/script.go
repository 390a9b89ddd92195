package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kinwire/kinwire/wire"
)

// script is a model for which the task is a script: it uses a tool for each line of the last
// task, in this order. After one that has started a background job it waits until that has
// ended: it says so, which ends the turn, and goes on when it is told.
type script struct{}

func (script) next(_ context.Context, said conversation, tools []tool) (message, error) {
	s, err := follow(said)
	if err != nil {
		return message{}, err
	}
	last := said[len(said)-1]
	switch {
	case s.canceled || last.Role == "job" && !slices.Contains(s.jobs, last.Job):
		return message{Role: "assistant", Text: "noted: " + brief(last.Text)}, nil
	case s.awaited() != "":
		return message{Role: "assistant", Text: "waiting for job " + s.awaited()}, nil
	case len(s.results) == len(s.lines):
		return message{Role: "assistant", Text: s.conclusion()}, nil
	}
	line := s.lines[len(s.results)]
	reply := message{Role: "assistant", Calls: []call{{
		ID:        fmt.Sprintf("call-%d", len(said)),
		Name:      line.tool,
		Arguments: line.arguments(tools),
	}}}
	if len(s.results) == 0 {
		reply.Text = "the tools to use: " + s.names()
	}
	return reply, nil
}

// progress is how far a script is.
type progress struct {
	lines    []line
	results  []message // of the first lines; of one that was a job, how that has ended once it has
	jobs     []string  // those that the lines have started
	canceled bool
}

// follow finds the last task in a conversation, and how far it is.
func follow(said conversation) (p progress, err error) {
	task := ""
	for _, m := range said {
		switch m.Role {
		case "user":
			p, task = progress{}, m.Text
		case "assistant":
			p.canceled = p.canceled || m.Failed != ""
		case "tool":
			p.results = append(p.results, m)
			if m.Job != "" {
				p.jobs = append(p.jobs, m.Job)
			}
		case "job":
			for i, r := range p.results {
				if r.Role == "tool" && r.Job == m.Job {
					p.results[i] = m
				}
			}
		}
	}
	p.lines = parse(task)
	switch {
	case len(p.lines) == 0:
		return p, wire.Errorf(wire.CodeBadInput, `the task asks for nothing; one that does is "add 2 3; upper hello"`)
	case len(p.lines) < len(p.results):
		return p, wire.Errorf(wire.CodeBadInput, "the task has %d lines, and there are %d results", len(p.lines), len(p.results))
	}
	return p, nil
}

// awaited is the job that has to end before the next line; empty: none.
func (p progress) awaited() string {
	if len(p.results) == 0 {
		return ""
	}
	if last := p.results[len(p.results)-1]; last.Role == "tool" {
		return last.Job
	}
	return ""
}

// names lists the tools to use.
func (p progress) names() string {
	var list []string
	for _, l := range p.lines {
		list = append(list, l.tool)
	}
	return strings.Join(list, ", ")
}

// conclusion makes the answer of what the tools have answered.
func (p progress) conclusion() string {
	var list []string
	for i, r := range p.results {
		if r.Failed != "" {
			list = append(list, fmt.Sprintf("%s: %s: %s", p.lines[i], r.Failed, brief(r.Text)))
		} else {
			list = append(list, fmt.Sprintf("%s: %s", p.lines[i], brief(r.Text)))
		}
	}
	return strings.Join(list, "\n")
}
