//go:build unix

package main

import (
	"context"
	"errors"
	"math"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func init() { register(pluginGRPC{}) }

// pluginGRPC is go-plugin with gRPC, and protobuf's own message for bytes.
type pluginGRPC struct{}

func (pluginGRPC) Info() Info {
	return Info{
		Name:      "go-plugin-grpc",
		About:     "github.com/hashicorp/go-plugin, gRPC (protobuf) on a Unix socket",
		SaysReady: true,
	}
}

func (p pluginGRPC) Start() (Link, error) { return p.start() }

func (p pluginGRPC) StartStream(size int) (Stream, error) {
	l, err := p.start()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	chunks, err := openGRPCStream(ctx, l.conn, size)
	if err != nil {
		cancel()
		return nil, errors.Join(err, l.Close())
	}
	return pluginGRPCStream{l, chunks, cancel}, nil
}

func openGRPCStream(ctx context.Context, conn *grpc.ClientConn, size int) (grpc.ClientStream, error) {
	chunks, err := conn.NewStream(ctx, &echoGRPC.Streams[0], "/bench.Echo/Stream")
	if err != nil {
		return nil, err
	}
	if err := chunks.SendMsg(wrapperspb.Int64(int64(size))); err != nil {
		return nil, err
	}
	return chunks, chunks.CloseSend()
}

func (p pluginGRPC) start() (pluginGRPCLink, error) {
	process, conn, err := startPlugin(p, grpcPlugin{}, plugin.ProtocolGRPC)
	if err != nil {
		return pluginGRPCLink{}, err
	}
	return pluginGRPCLink{process, conn.(*grpc.ClientConn)}, nil
}

// Serve raises the server's limit for messages; go-plugin's client has none.
func (pluginGRPC) Serve() error {
	return servePlugin(&plugin.ServeConfig{
		Plugins: plugin.PluginSet{pluginName: grpcPlugin{}},
		GRPCServer: func(options []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(options, grpc.MaxRecvMsgSize(math.MaxInt32))...)
		},
	})
}

// grpcPlugin is dispensed as the bare connection.
type grpcPlugin struct{ plugin.NetRPCUnsupportedPlugin }

func (grpcPlugin) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	s.RegisterService(&echoGRPC, nil)
	return nil
}

func (grpcPlugin) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, c *grpc.ClientConn) (any, error) {
	return c, nil
}

// echoGRPC is what protoc would make of the service.
var echoGRPC = grpc.ServiceDesc{
	ServiceName: "bench.Echo",
	Methods:     []grpc.MethodDesc{{MethodName: "Echo", Handler: grpcEcho}},
	Streams:     []grpc.StreamDesc{{StreamName: "Stream", Handler: grpcChunks, ServerStreams: true}},
}

func grpcEcho(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	var in wrapperspb.BytesValue
	err := decode(&in)
	return &in, err
}

func grpcChunks(_ any, s grpc.ServerStream) error {
	var size wrapperspb.Int64Value
	if err := s.RecvMsg(&size); err != nil {
		return err
	}
	for chunks := newChunks(int(size.Value)); ; {
		if err := s.SendMsg(wrapperspb.Bytes(chunks.next())); err != nil { // encodes it before it returns
			return err
		}
	}
}

type pluginGRPCLink struct {
	*pluginProcess
	conn *grpc.ClientConn
}

func (l pluginGRPCLink) Call(payload, _ []byte) ([]byte, error) {
	var echo wrapperspb.BytesValue
	err := l.conn.Invoke(context.Background(), "/bench.Echo/Echo", wrapperspb.Bytes(payload), &echo)
	return echo.Value, err
}

type pluginGRPCStream struct {
	pluginGRPCLink
	chunks grpc.ClientStream
	cancel context.CancelFunc
}

func (s pluginGRPCStream) Next() ([]byte, error) {
	var chunk wrapperspb.BytesValue
	err := s.chunks.RecvMsg(&chunk)
	return chunk.Value, err
}

func (s pluginGRPCStream) Close() error {
	s.cancel()
	return s.pluginGRPCLink.Close()
}
