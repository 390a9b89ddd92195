// Command plot draws what bench -sweep has measured.
//
//	go run . -sweep -json >DIR/sweep.json
//	go run ./plot DIR
//
// It reads DIR/sweep.json, and writes SVG files beside it. It is a program of its own, as
// what it is linked with would be in every child that bench starts, and slow down its start.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// source is the file in the directory of the plots that they are made of.
const source = "sweep.json"

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: plot DIR (DIR/"+source+" is what bench -sweep -json has printed)")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "plot:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	name := filepath.Join(dir, source)
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	results, err := readResults(f)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for _, c := range charts {
		if err := c.save(dir, results); err != nil {
			return fmt.Errorf("%s: %w", c.file, err)
		}
	}
	return nil
}

// A result is what the charts need of a line of JSON.
type result struct {
	Peer      string  `json:"peer"`
	Size      int     `json:"size"`
	InFlight  int     `json:"in_flight"`
	NsPerCall float64 `json:"ns_per_call"`
	P50Ns     float64 `json:"p50_ns"`
	MBPerS    float64 `json:"mb_per_s"`
}

// readResults refuses figures that have no place on a logarithmic axis.
func readResults(r io.Reader) ([]result, error) {
	var results []result
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		var got result
		if err := json.Unmarshal(lines.Bytes(), &got); err != nil {
			return nil, fmt.Errorf("line %d: %w", len(results)+1, err)
		}
		if got.Peer == "" || min(float64(got.Size), float64(got.InFlight), got.NsPerCall, got.P50Ns, got.MBPerS) <= 0 {
			return nil, fmt.Errorf("line %d is not of a sweep: %s", len(results)+1, lines.Bytes())
		}
		results = append(results, got)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(results) == 0 {
		return nil, fmt.Errorf("no results")
	}
	return results, nil
}
