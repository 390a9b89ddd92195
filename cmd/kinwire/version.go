package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/kinwire/kinwire/internal/version"
)

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, and what it was built with and from",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			fmt.Fprintln(cmd.OutOrStdout(), versionText())
			return nil
		},
	}
}

// versionText is one line: the version, Go's, the system, and the revision if it is known.
func versionText() string {
	text := fmt.Sprintf("kinwire %s %s %s/%s", version.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	if info, ok := debug.ReadBuildInfo(); ok {
		text += revision(info)
	}
	return text
}

// revision is what the build has recorded of the tree it was made from, or "".
func revision(info *debug.BuildInfo) string {
	settings := make(map[string]string, len(info.Settings))
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	text := ""
	if v := settings["vcs.revision"]; v != "" {
		text = " revision " + v
	}
	if settings["vcs.modified"] == "true" {
		text += " (modified)"
	}
	return text
}
