package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestGobenchHasALineForEachRound(t *testing.T) {
	var out bytes.Buffer
	if err := writeGobench(&out, []series{
		{"p", Workload{Name: "w"}, []round{{calls: 3, nsPerCall: 1.25, p50: 2, p99: 3}, {calls: 4, nsPerCall: 5, p50: 6, p99: 7}}},
		{"q", Workload{Name: "w"}, []round{{calls: 8, nsPerCall: 9, p50: 10, p99: 11}}},
	}); err != nil {
		t.Fatal(err)
	}
	want := `BenchmarkEcho/peer=p/workload=w 3 1.2 ns/op 2 p50-ns 3 p99-ns
BenchmarkEcho/peer=p/workload=w 4 5.0 ns/op 6 p50-ns 7 p99-ns
BenchmarkEcho/peer=q/workload=w 8 9.0 ns/op 10 p50-ns 11 p99-ns
`
	if _, got, _ := strings.Cut(out.String(), "/bench\n"); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
