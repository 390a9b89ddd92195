package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// A goal is what a peer of this project is to reach on a workload: a figure that is at most
// so many times that of a yardstick, or, of a throughput, at least.
type goal struct {
	workload, peer string
	figure         figure
	limit          float64
	yardstick      string
}

// The peers that goals are about.
const (
	overSocketpair = "kinwire-socketpair"
	overStdio      = "kinwire-stdio"
	spinning       = "kinwire-socketpair-spin"
	pooled         = "kinwire-pool"
)

var goals = []goal{
	{"rtt-64B", overSocketpair, middle, 1.25, baseline},
	{"rtt-64B", overSocketpair, mean, 1.0, baseline},
	{"rtt-64B", overSocketpair, mean, 0.35, muxByHand},
	{"rtt-64B", overStdio, middle, 1.5, baseline},
	{"rtt-64B", overStdio, mean, 1.2, baseline},
	{"rtt-64B", spinning, middle, 0.6, baseline},
	{"pipe64-64B", overSocketpair, mean, 0.9, muxByHand},
	{"pipe64-64B", overStdio, mean, 1.1, muxByHand},
	{"pipe64-1KiB", overSocketpair, mean, 0.6, muxByHand},
	{"pipe64-1KiB", overStdio, mean, 0.8, muxByHand},
	{"rtt-1MiB-reused", overSocketpair, mean, 1.0, baseline},
	{"rtt-1MiB-reused", overStdio, mean, 1.5, baseline},
	{"rtt-1MiB", overSocketpair, mean, 1.4, baseline},
	{"rtt-1MiB", overStdio, mean, 1.8, baseline},
	{"pipe4-1MiB", overSocketpair, mean, 0.35, muxByHand},
	{"pipe4-1MiB", overStdio, mean, 0.5, muxByHand},
	{"stream-64KiB", overSocketpair, throughput, 0.8, muxByHand},
	{"start", overSocketpair, mean, 1.2, baseline},
	{"rtt-64B", pooled, mean, 1.15, overSocketpair},
	{"pipe64-64B", pooled, mean, 1.15, overSocketpair},
	{"start-16", pooled, mean, 1.2, baseline},
	{"rtt-64B", overPython, middle, 1.5, pythonPipe},
	{"rtt-64B", overPython, mean, 1.5, pythonPipe},
	{"pipe64-64B", overNode, mean, 1.2, nodeSend},
}

// goalPeers returns those of all that are measured for the goals.
func goalPeers(all []Peer) []Peer {
	return slices.DeleteFunc(slices.Clone(all), func(p Peer) bool {
		name := peerName(p)
		return name != pipesByHand && !slices.ContainsFunc(goals, func(g goal) bool {
			return name == g.peer || name == g.yardstick
		})
	})
}

func (g goal) String() string {
	sign := "<="
	if g.figure.more {
		sign = ">="
	}
	return fmt.Sprintf("%s %s %.2f x %s", g.figure.name, sign, g.limit, g.yardstick)
}

func (g goal) verdict(ratio float64) string {
	if g.figure.more && ratio < g.limit || !g.figure.more && ratio > g.limit {
		return "MISS"
	}
	return "ok"
}

// writeGoals prints each goal beside what was measured.
func writeGoals(w io.Writer, all []series) error {
	f := figuresOf(summarizeAll(all))
	fmt.Fprintf(w, "%s\n\n", machine())
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(tw, "workload\tpeer\tgoal\t%8s\t\t%8s\n", "measured", "x pipes")
	for _, g := range goals {
		measured, verdict, pipes := "-", "-", ""
		if ratio, ok := f.ratio(g.figure, g.workload, g.peer, g.yardstick); ok {
			measured, verdict = fmt.Sprintf("%.2f", ratio), g.verdict(ratio)
		}
		if g.peer == overStdio {
			pipes = f.ratioText(g.figure, g.workload, g.peer, pipesByHand)
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%8s\t%s\t%8s\n", g.workload, g.peer, g, measured, verdict, pipes)
	}
	return tw.Flush()
}
