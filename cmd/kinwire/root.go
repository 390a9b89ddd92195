package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

// newRoot makes the command that all others are below.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:     "kinwire",
		Short:   "Run worker processes and talk with them",
		Long:    rootHelp,
		Example: rootExamples,
		RunE:    noCommand,
		// So that execute alone says what went wrong, in one line.
		SilenceErrors:      true,
		SilenceUsage:       true,
		DisableSuggestions: true,
		CompletionOptions:  cobra.CompletionOptions{DisableDefaultCmd: true},
		Version:            versionText(),
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetHelpCommand(newHelp())
	root.AddCommand(newRun(), newCheck(), newJob(), newBench(), newVersion())
	return root
}

// noCommand tells somebody who has named no command.
func noCommand(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("no command before --, such as: kinwire run -- %s", args[0])
	}
	return errors.New("no command given, such as run")
}

// newHelp makes a help command for which an unknown topic is an error.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [command]",
		Short: "Tell more about a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			switch {
			case err != nil:
				return err
			case len(rest) > 0:
				return fmt.Errorf("there is no help about %q", rest[0])
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}

// noArgs is for commands that take no arguments.
func noArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("unexpected argument %q", args[0])
	}
	return nil
}
