package main

// ink is how a part of a picture is coloured: what turns the colour on.
type ink string

const (
	heading ink = "\033[1m"
	filling ink = "\033[36m"
	alarm   ink = "\033[31m"
	noInk       = "\033[0m"
)

// in colours a text.
func (p picture) in(i ink, text string) string {
	if !p.coloured || text == "" {
		return text
	}
	return string(i) + text + noInk
}
