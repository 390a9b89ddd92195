package process

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestLastWords(t *testing.T) {
	numbers := "1\n2\n3\n4\n5\n6\n7\n8\n9\n"
	for _, c := range []struct{ stdout, stderr, want string }{
		{"", "", ""},
		{"out\n", "", "out"},
		{"out\n", "err\n", "err"},
		{"out\n", " \n\n", "out"},
		{"", "a\r\n\n\nb  \nno end", "a\nb\nno end"},
		{"", numbers, "2\n3\n4\n5\n6\n7\n8\n9"},
		{"", "log\npanic: boom\n\n" + numbers, "log\npanic: boom\n1\n2\n3\n4\n5\n6"},
		{"", numbers + "fatal error: boom\n", "8\n9\nfatal error: boom"},
		{"", strings.Repeat("x", 3000) + "y\npanic: boom\n", "..." + strings.Repeat("x", beforeBytes-1) + "y\npanic: boom"},
		{"", "log\nSIGSEGV: segmentation violation\nPC=0x48\n" + numbers, "log\nSIGSEGV: segmentation violation\nPC=0x48\n1\n2\n3\n4\n5"},
		{"", "SIGTERM: it ends\n" + numbers, "2\n3\n4\n5\n6\n7\n8\n9"},
		{"", "bad \xff\x80\n", "bad \uFFFD"},
	} {
		e := &Exit{Stdout: Output{Tail: []byte(c.stdout)}, Stderr: Output{Tail: []byte(c.stderr)}}
		if got := e.LastWords(); got != c.want {
			t.Errorf("%q %q: %q, want %q", c.stdout, c.stderr, got, c.want)
		}
	}
	for _, start := range []string{"", "panic: "} {
		e := &Exit{Stderr: Output{Tail: []byte(start + strings.Repeat("ä", 50_000))}}
		if got := e.LastWords(); len(got) > lastBytes+3 || !utf8.ValidString(got) || strings.HasPrefix(got, "panic") != (start != "") {
			t.Errorf("%d bytes, %.20q", len(got), got)
		}
	}
}

func TestExitWithoutReport(t *testing.T) {
	e := &Exit{Code: -1, Duration: 61234 * time.Millisecond}
	if got := e.String(); got != "ended in an unknown way after 1m1s" || e.Success() {
		t.Errorf("%q", got)
	}
}
