// Agent-host has an agent do a task in a directory. It offers it tools: to read files, to run
// commands, and to start background jobs; it asks before it runs anything, shows the steps, and
// keeps the conversation on the disk. Try
//
//	bin/agent-host 'read go.mod; run go version; job sleep 5 && date' bin/agent-worker
//	bin/agent-host --yes --session demo 'job sleep 20 && date; run echo the job has ended'
//
// Kill the second one while the job runs, with kill -9, and start it again without the task:
//
//	bin/agent-host --yes --session demo
//
// The job has not noticed, as bin/kinwire job list --dir ~/.config/kinwire-agent/demo/jobs
// shows. The host waits for it, or finds that it has ended meanwhile, and the agent goes on with
// what came of it. At whatever moment the host dies, nothing that needs an approval is done
// twice, and no end of a job is lost: what is on the disk says what to do next.
//
// Ctrl-C cancels the task, also while a tool is in use; jobs go on. Commands run as you, without
// what is in your environment but PATH, HOME and the like. They are not confined to the
// directory: look at what you approve. Agent-worker says how to give the agent a model.
//
// To read it, begin with work.go, which has the agent work, and tools.go, which has what it may
// use. Session.go keeps what is said, and settle.go and follow_up.go go on after a death.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
)

// options are what the command line says.
type options struct {
	dir, session, work string
	approveAll         bool

	task   string   // empty: to go on with the session
	worker []string // the agent's command
}

func main() {
	log.SetFlags(0)
	o, err := parse()
	if err != nil {
		log.Print(err)
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // so that a second Ctrl-C is not caught
	if err := run(ctx, o); err != nil {
		log.Fatal(harmless(err.Error())) // a model may have a part in it
	}
}

// parse reads the command line.
func parse() (o options, err error) {
	home, err := os.UserConfigDir()
	if err != nil {
		home = "."
	}
	flag.StringVar(&o.dir, "dir", filepath.Join(home, "kinwire-agent"), "the `directory` of the sessions")
	flag.StringVar(&o.session, "session", "default", "the `name` of the session to go on with, or to begin")
	flag.StringVar(&o.work, "work", "", "the `directory` that the agent works in (default the current one, or that in which the session has begun)")
	flag.BoolVar(&o.approveAll, "yes", false, "approve whatever the agent wants to run")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: agent-host [options] [TASK [COMMAND...]]\n"+
			"Without a TASK it goes on with the session. COMMAND is the agent: agent-worker, unless it says otherwise.")
		flag.PrintDefaults()
	}
	flag.Parse()
	o.task = flag.Arg(0)
	if flag.NArg() > 1 {
		o.worker = flag.Args()[1:]
	} else if self, err := os.Executable(); err == nil {
		o.worker = []string{filepath.Join(filepath.Dir(self), "agent-worker"+filepath.Ext(self))}
	}
	if filepath.Base(o.session) != o.session || !filepath.IsLocal(o.session) || o.session == "." {
		return o, fmt.Errorf("%q is no name for a session", o.session)
	}
	return o, nil
}
