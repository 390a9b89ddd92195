package main

import (
	"context"

	"github.com/kinwire/kinwire/parent"
)

// The peers of other languages: this project's SDKs, and what their users have without it.
const (
	overPython      = "kinwire-python"
	overNode        = "kinwire-node"
	pythonPipe      = "mp-pipe"
	pythonPipeBytes = "mp-pipe-bytes"
	nodeSend        = "child-process-send"
	nodeSendBuffers = "child-process-send-advanced"
)

func init() {
	register(kinwireSDK{overPython, "a parent.Worker and a worker of the Python SDK", python, "echo_worker.py"})
	register(kinwireSDK{overNode, "a parent.Worker and a worker of the Node SDK", node, "echo_worker.mjs"})
	for _, p := range []foreign{
		{Info{Name: pythonPipe, About: "multiprocessing.Pipe between two Python processes, by send and recv"}, python, "mp_pipe.py", "objects"},
		{Info{Name: pythonPipeBytes, About: "the same by send_bytes and recv_bytes"}, python, "mp_pipe.py", "bytes"},
	} {
		p.info.MaxInFlight = 1
		register(p)
	}
	for _, p := range []foreign{
		{Info{Name: nodeSend, About: "child_process.send between two Node processes, of strings in JSON"}, node, "child_process_send.mjs", "json"},
		{Info{Name: nodeSendBuffers, About: "the same of Buffers, with the serialization that is called advanced"}, node, "child_process_send.mjs", "advanced"},
	} {
		p.info.MaxSize = 64 * kiB
		register(p)
	}
}

// kinwireSDK is this project with a worker in another language.
type kinwireSDK struct {
	name, about string
	language    language
	script      string
}

func (p kinwireSDK) Info() Info { return Info{Name: p.name, About: p.about} }

// Missing says what keeps the peer from being measured here.
func (p kinwireSDK) Missing() error {
	_, err := p.language.find()
	return err
}

func (p kinwireSDK) Start() (Link, error) {
	command, err := p.language.command(p.script)
	if err != nil {
		return nil, err
	}
	w, err := parent.Start(context.Background(), parent.Spec{Command: command})
	if err != nil {
		return nil, err
	}
	return kinwireLink{w}, nil
}

// Serve is never called: the child is a program of its own.
func (p kinwireSDK) Serve() error { return nil }
