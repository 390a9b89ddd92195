package main

import (
	"bytes"
	"encoding/json"

	"github.com/kinwire/kinwire/conformance"
)

// jsonPrinter is for programs: each result, each case of a list, and the summary is a line.
type jsonPrinter struct{}

// The lines as JSON. A duration is a whole number of ms, and no array is null.
type (
	caseJSON struct {
		Case    string `json:"case"`
		Section string `json:"section"`
		Link    string `json:"link"`
		About   string `json:"about"`
	}

	resultJSON struct {
		Name      string              `json:"name"`
		Verdict   conformance.Verdict `json:"verdict"`
		NotRun    bool                `json:"not_run"`
		Why       string              `json:"why"`
		Transport string              `json:"transport"`
		caseJSON
		Expected string   `json:"expected"`
		Got      string   `json:"got"`
		Bytes    string   `json:"bytes"`
		Frames   []string `json:"frames"`
		Stderr   string   `json:"stderr"`
		Warnings []string `json:"warnings"`
		Took     int64    `json:"took_ms"`
	}

	summaryJSON struct {
		Passed   int   `json:"passed"`
		Failed   int   `json:"failed"`
		Skipped  int   `json:"skipped"`
		Warnings int   `json:"warnings"`
		NotRun   int   `json:"not_run"`
		Took     int64 `json:"took_ms"`
	}
)

func newCaseJSON(c conformance.Case) caseJSON {
	return caseJSON{Case: c.Name, Section: c.Section, Link: c.Link, About: c.About}
}

func (jsonPrinter) result(r conformance.Result) []byte {
	return appendLine(nil, resultJSON{
		Name:      r.Name(),
		Verdict:   r.Verdict,
		NotRun:    r.NotRun,
		Why:       r.Why,
		Transport: r.Transport,
		caseJSON:  newCaseJSON(r.Case),
		Expected:  r.Expected,
		Got:       r.Got,
		Bytes:     r.Bytes,
		Frames:    append([]string{}, r.Frames...),
		Stderr:    r.Stderr,
		Warnings:  append([]string{}, r.Warnings...),
		Took:      r.Took.Milliseconds(),
	})
}

func (jsonPrinter) summary(r checkReport) []byte {
	return appendLine(nil, map[string]summaryJSON{"summary": {
		Passed:   r.passed,
		Failed:   r.failed,
		Skipped:  r.skipped,
		Warnings: r.warning,
		NotRun:   r.notRun(),
		Took:     r.took.Milliseconds(),
	}})
}

func (jsonPrinter) list(cases []conformance.Case) (lines []byte) {
	for _, c := range cases {
		lines = appendLine(lines, newCaseJSON(c))
	}
	return lines
}

// appendLine adds a value of texts and numbers as a line of JSON.
func appendLine(dst []byte, v any) []byte {
	line := bytes.NewBuffer(dst)
	enc := json.NewEncoder(line)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // texts and numbers never fail
	return line.Bytes()
}
