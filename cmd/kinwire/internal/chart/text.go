package chart

import (
	"strings"
	"unicode/utf8"
)

// Width is how many cells a text takes that this package has made.
func Width(text string) int { return utf8.RuneCountInString(text) }

// Right makes texts as wide as the widest of them, and sets each to the right.
func Right(texts []string) []string {
	width := widest(texts)
	all := make([]string, len(texts))
	for i, t := range texts {
		all[i] = strings.Repeat(" ", width-Width(t)) + t
	}
	return all
}

func widest(texts []string) int {
	width := 0
	for _, t := range texts {
		width = max(width, Width(t))
	}
	return width
}
