package main

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/kinwire/kinwire/cmd/kinwire/internal/load"
)

// The report as JSON. A duration is a whole number of ns.
type (
	reportJSON struct {
		Worker   benchWorker  `json:"worker"`
		Settings settingsJSON `json:"settings"`
		Complete bool         `json:"complete"`
		Levels   []levelJSON  `json:"levels"`
	}

	settingsJSON struct {
		Method      string          `json:"method"`
		Size        *byteSize       `json:"size,omitempty"`
		Input       json.RawMessage `json:"input,omitempty"`
		Concurrency []int           `json:"concurrency"`
		Duration    time.Duration   `json:"duration_ns"`
		WarmUp      time.Duration   `json:"warm_up_ns"`
		Timeout     time.Duration   `json:"timeout_ns"`
		Spin        time.Duration   `json:"spin_ns"`
	}

	levelJSON struct {
		Concurrency int              `json:"concurrency"`
		Calls       int64            `json:"calls"`
		Failed      int64            `json:"failed"`
		Errors      map[string]int64 `json:"errors"`
		Duration    time.Duration    `json:"duration_ns"`
		CallRate    float64          `json:"calls_per_s"`
		ByteRate    *float64         `json:"bytes_per_s,omitempty"`
		Latency     *latencyJSON     `json:"latency"`
		Histogram   []bucketJSON     `json:"histogram"`
	}

	latencyJSON struct {
		Min  time.Duration `json:"min"`
		Mean time.Duration `json:"mean"`
		P50  time.Duration `json:"p50"`
		P90  time.Duration `json:"p90"`
		P99  time.Duration `json:"p99"`
		P999 time.Duration `json:"p999"`
		Max  time.Duration `json:"max"`
	}

	bucketJSON struct {
		From  time.Duration `json:"from"`
		To    time.Duration `json:"to"`
		Calls int64         `json:"calls"`
	}
)

// appendJSON adds the report as a line of JSON.
func (r report) appendJSON(dst []byte) []byte {
	o := r.options
	all := reportJSON{
		Worker: r.worker,
		Settings: settingsJSON{
			Method:      o.shared.method,
			Input:       json.RawMessage(o.input),
			Concurrency: o.concurrency,
			Duration:    o.duration,
			WarmUp:      o.warmUp(),
			Timeout:     o.shared.timeout,
			Spin:        o.shared.spin,
		},
		Complete: r.complete(),
		Levels:   []levelJSON{},
	}
	if o.input == "" {
		all.Settings.Size = &o.size
	}
	for _, l := range r.levels {
		all.Levels = append(all.Levels, r.levelJSON(l))
	}
	line := bytes.NewBuffer(dst)
	enc := json.NewEncoder(line)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(all) // numbers, strings and an input that was checked never fail
	return line.Bytes()
}

func (r report) levelJSON(l load.Level) levelJSON {
	j := levelJSON{
		Concurrency: l.InFlight,
		Calls:       l.Calls,
		Failed:      l.Failed(),
		Errors:      make(map[string]int64),
		Duration:    l.Elapsed,
		CallRate:    l.Rate(),
		Histogram:   []bucketJSON{},
	}
	if r.options.input == "" {
		rate := r.bytesPerSecond(l)
		j.ByteRate = &rate
	}
	if l.Calls > 0 {
		latency := latencyJSON(l.Latency)
		j.Latency = &latency
	}
	for _, f := range l.Failures {
		j.Errors[f.Code] = f.Calls
	}
	for _, b := range l.Buckets {
		j.Histogram = append(j.Histogram, bucketJSON(b))
	}
	return j
}
