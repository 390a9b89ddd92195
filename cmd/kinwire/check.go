package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/kinwire/kinwire/conformance"
)

// checkOptions are what the command line of check says.
type checkOptions struct {
	command      []string
	transports   []string
	cases        []string
	startTimeout time.Duration
	parallel     int
	list         bool
	json         bool
}

func newCheck() *cobra.Command {
	var o checkOptions
	cmd := &cobra.Command{
		Use:                   "check [flags] -- CMD...",
		Short:                 "Put a worker through the rules of the protocol",
		Long:                  checkHelp,
		Example:               checkExamples,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return err
			}
			if o.list {
				if len(args) > 0 {
					return errors.New("--list starts no worker, and takes none")
				}
				return listCases(o, os.Stdout, os.Stderr)
			}
			var err error
			if o.command, err = commandAfterDash(cmd, args); err != nil {
				return err
			}
			return runCheck(o, os.Stdout, os.Stderr)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringArrayVar(&o.transports, "transport", nil, "the link to the worker: `socketpair|stdio` (default both, where there are both)")
	f.StringArrayVar(&o.cases, "case", nil, "only the cases whose name matches `pattern`, such as 'ping/*' or 'stdio/*/*'; may be repeated")
	f.BoolVar(&o.list, "list", false, "name the cases, and run none")
	f.BoolVar(&o.json, "json", false, "print a line of JSON for each case, and one for the summary")
	f.DurationVar(&o.startTimeout, "start-timeout", 0, "how long the worker may take to start (default 10s)")
	f.IntVar(&o.parallel, "parallel", 0, "how many `cases` run at a time (default 4 for each processor)")
	return cmd
}

// check returns what is wrong with the values of flags.
func (o *checkOptions) check() error {
	for _, name := range o.transports {
		if name != "socketpair" && name != "stdio" {
			return fmt.Errorf("--transport is %q, and has to be socketpair or stdio", name)
		}
	}
	switch {
	case o.startTimeout < 0:
		return fmt.Errorf("--start-timeout is %v, which has passed already", o.startTimeout)
	case o.parallel < 0:
		return fmt.Errorf("--parallel is %d, and has to be at least 1", o.parallel)
	}
	return o.checkPatterns()
}

// forConformance is what the package that knows the cases is told.
func (o *checkOptions) forConformance() conformance.Options {
	return conformance.Options{
		Transports:   o.transports,
		Cases:        o.cases,
		Parallel:     o.parallel,
		StartTimeout: o.startTimeout,
	}
}
