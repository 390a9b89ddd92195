package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/kinwire/kinwire/internal/languages"
)

// A language runs programs that are not Go.
type language struct {
	find func() (interpreter string, err error) // or what is missing, and what brings it
}

var (
	python = language{languages.FindPython}
	node   = language{languages.FindNode}
)

// command is how a program of the directory scripts is started.
func (l language) command(script string, args ...string) ([]string, error) {
	interpreter, err := l.find()
	if err != nil {
		return nil, err
	}
	root, err := languages.Root()
	if err != nil {
		return nil, err
	}
	return append([]string{interpreter, filepath.Join(root, "bench", "scripts", script)}, args...), nil
}

// A foreign peer is a pair of processes in that language, of which the
// parent measures itself: payloads of the same size, as many in flight, for the same time.
type foreign struct {
	info     Info
	language language
	script   string
	way      string // its first argument
}

func (p foreign) Info() Info { return p.info }

// Missing says what keeps the peer from being measured here.
func (p foreign) Missing() error {
	_, err := p.language.find()
	return err
}

func (p foreign) Start() (Link, error) { return nil, errMeasuresItself }

func (p foreign) Serve() error { return errMeasuresItself }

var errMeasuresItself = errors.New("the peer measures itself")

// Measure runs the parent and reads what it has measured.
func (p foreign) Measure(w Workload, d, stall time.Duration) (round, error) {
	args := []string{p.way, strconv.Itoa(w.Size)}
	if p.info.MaxInFlight != 1 {
		args = append(args, strconv.Itoa(w.InFlight))
	}
	warmUp := d / warmUpShare
	args = append(args, strconv.FormatInt(int64(warmUp), 10), strconv.FormatInt(int64(d), 10))
	command, err := p.language.command(p.script, args...)
	if err != nil {
		return round{}, err
	}
	ctx, cancel := context.WithTimeoutCause(context.Background(), warmUp+d+stall, errors.New("it has hung"))
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.WaitDelay = exitGrace
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return round{}, fmt.Errorf("%s: %w\n%s", p.script, errors.Join(err, context.Cause(ctx)), errs.Bytes())
	}
	return readRound(out.Bytes())
}

// readRound reads what a script prints: the wall time, and how many calls took how long.
func readRound(text []byte) (round, error) {
	var said struct {
		WallNs    int64           `json:"wall_ns"`
		Latencies map[int64]int64 `json:"latencies"`
	}
	if err := json.Unmarshal(text, &said); err != nil {
		return round{}, fmt.Errorf("what it has measured: %w", err)
	}
	all := newLatencies()
	for ns, calls := range said.Latencies {
		if ns <= 0 || calls <= 0 {
			return round{}, fmt.Errorf("%d calls of %d ns", calls, ns)
		}
		if err := all.ns.RecordValues(min(ns, maxLatency), calls); err != nil {
			return round{}, err
		}
	}
	if said.WallNs <= 0 || len(said.Latencies) == 0 {
		return round{}, errors.New("it has measured nothing")
	}
	return all.over(time.Duration(said.WallNs)), nil
}
