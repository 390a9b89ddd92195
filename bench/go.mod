module github.com/kinwire/kinwire/bench

go 1.25.0

replace github.com/kinwire/kinwire => ../

require (
	github.com/HdrHistogram/hdrhistogram-go v1.4.0
	github.com/kinwire/kinwire v0.0.0
	go.uber.org/goleak v1.3.0
)

require (
	github.com/vmihailenco/msgpack/v5 v5.4.1 // indirect
	github.com/vmihailenco/tagparser/v2 v2.0.0 // indirect
	go.uber.org/multierr v1.10.0 // indirect
	go.uber.org/zap v1.28.0 // indirect
	golang.org/x/sys v0.47.0 // indirect
)
