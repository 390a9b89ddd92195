package main

import "testing"

func TestByteSize(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0B", "0KiB": "0B", "64": "64B", "64B": "64B", "1023": "1023B", "1024": "1KiB", "1KiB": "1KiB",
		"1536": "1536B", "1MiB": "1MiB", "3072KiB": "3MiB", "1GiB": "1GiB", "1024GiB": "1TiB",
	} {
		s := byteSize(7)
		if err := s.Set(text); err != nil || s.String() != want {
			t.Errorf("%q is %v, %v, want %s", text, s, err, want)
		}
	}
	for _, text := range []string{"", "B", "KiB", "-1", "1.5KiB", "1kB", "1 KiB", "x", "1KiBB", "2TiB", "1099511627777", "99999999999999999999"} {
		s := byteSize(7)
		if err := s.Set(text); err == nil || s != 7 {
			t.Errorf("%q is taken as %v", text, s)
		}
	}
}
