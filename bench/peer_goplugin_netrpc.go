//go:build unix

package main

import (
	"net/rpc"

	"github.com/hashicorp/go-plugin"
)

func init() { register(pluginNetRPC{}) }

// pluginNetRPC is go-plugin in its first flavour.
type pluginNetRPC struct{}

func (pluginNetRPC) Info() Info {
	return Info{
		Name:      "go-plugin-netrpc",
		About:     "github.com/hashicorp/go-plugin, net/rpc (gob) on a Unix socket, multiplexed",
		SaysReady: true,
	}
}

func (p pluginNetRPC) Start() (Link, error) {
	process, client, err := startPlugin(p, netRPCPlugin{}, plugin.ProtocolNetRPC)
	if err != nil {
		return nil, err
	}
	return pluginNetRPCLink{process, client.(*rpc.Client)}, nil
}

func (pluginNetRPC) Serve() error {
	return servePlugin(&plugin.ServeConfig{Plugins: plugin.PluginSet{pluginName: netRPCPlugin{}}})
}

// netRPCPlugin is dispensed as the bare client of the service Echo.
type netRPCPlugin struct{}

func (netRPCPlugin) Server(*plugin.MuxBroker) (any, error)                  { return Echo{}, nil }
func (netRPCPlugin) Client(_ *plugin.MuxBroker, c *rpc.Client) (any, error) { return c, nil }

type pluginNetRPCLink struct {
	*pluginProcess
	rpc *rpc.Client
}

func (l pluginNetRPCLink) Call(payload, into []byte) ([]byte, error) {
	echo := into[:0]
	err := l.rpc.Call("Plugin.Echo", payload, &echo)
	return echo, err
}
