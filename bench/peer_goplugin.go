//go:build unix

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
)

const pluginName = "echo"

var pluginHandshake = plugin.HandshakeConfig{
	ProtocolVersion:  1,
	MagicCookieKey:   "KINWIRE_BENCH_PLUGIN",
	MagicCookieValue: "echo",
}

// startPlugin starts p's child with go-plugin as its documentation says, and returns what
// the plugin is dispensed as.
func startPlugin(p Peer, kind plugin.Plugin, protocol plugin.Protocol) (*pluginProcess, any, error) {
	cmd, err := command(p)
	if err != nil {
		return nil, nil, err
	}
	cmd.Stderr = nil // go-plugin reads it
	watched, lifeline, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	cmd.ExtraFiles = []*os.File{watched}
	l := &pluginProcess{cmd: cmd, lifeline: lifeline}
	l.client = plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  pluginHandshake,
		Plugins:          plugin.PluginSet{pluginName: kind},
		Cmd:              cmd,
		AllowedProtocols: []plugin.Protocol{protocol},
		Logger:           hclog.NewNullLogger(),
	})
	protocolClient, err := l.client.Client()
	watched.Close()
	if err != nil {
		return nil, nil, errors.Join(err, l.Close())
	}
	link, err := protocolClient.Dispense(pluginName)
	if err != nil {
		return nil, nil, errors.Join(err, l.Close())
	}
	return l, link, nil
}

// servePlugin is the child. A plugin outlives a host that is killed, so it watches a pipe
// for the end of that.
func servePlugin(config *plugin.ServeConfig) error {
	go func() {
		_, _ = io.Copy(io.Discard, childEnd())
		os.Exit(exitFailed)
	}()
	config.HandshakeConfig = pluginHandshake
	config.Logger = hclog.NewNullLogger()
	plugin.Serve(config)
	return nil
}

// A pluginProcess is a running child of go-plugin's.
type pluginProcess struct {
	cmd      *exec.Cmd
	client   *plugin.Client
	lifeline *os.File
}

func (l *pluginProcess) Close() error {
	l.client.Kill() // asks the child to end first, and reaps it
	err := l.lifeline.Close()
	if state := l.cmd.ProcessState; state != nil && !state.Success() {
		err = errors.Join(err, fmt.Errorf("child: %v", state))
	}
	return err
}
