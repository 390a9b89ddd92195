package main

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sweepOf is what a sweep of the peers could be.
func sweepOf(t *testing.T, peers ...string) string {
	t.Helper()
	var lines strings.Builder
	enc := json.NewEncoder(&lines)
	add := func(r result) {
		if err := enc.Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	for _, peer := range peers {
		for size := 64; size <= 4<<20; size *= 4 {
			add(result{peer, size, 1, 5000 + float64(size), 4000 + float64(size), 100})
		}
		for n := 2; n <= 512; n *= 2 {
			add(result{peer, 64, n, 5000 / float64(n), 4000, 100})
		}
	}
	return lines.String()
}

func TestChartsOfASweep(t *testing.T) {
	dir := t.TempDir()
	peers := []string{"raw-blocking", "kinwire-socketpair", "net-rpc"}
	if err := os.WriteFile(filepath.Join(dir, source), []byte(sweepOf(t, peers...)), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := run(dir); err != nil {
		t.Fatal(err)
	}
	for _, c := range charts {
		svg, err := os.ReadFile(filepath.Join(dir, c.file))
		if err != nil {
			t.Fatal(err)
		}
		said := texts(t, string(svg))
		for _, want := range append(peers, c.title, c.x.label, c.y.label) {
			if !said[want] {
				t.Errorf("%s does not say %q", c.file, want)
			}
		}
		if !strings.Contains(string(svg), "fill:#FFFFFF") {
			t.Errorf("%s has no white page", c.file)
		}
	}
}

// texts returns the texts of an SVG file.
func texts(t *testing.T, svg string) map[string]bool {
	t.Helper()
	said := map[string]bool{}
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := d.Token()
		if err == io.EOF {
			return said
		}
		if err != nil {
			t.Fatal(err)
		}
		if text, ok := token.(xml.CharData); ok {
			said[string(text)] = true
		}
	}
}

func TestEachPointIsInItsChartsOnce(t *testing.T) {
	results, err := readResults(strings.NewReader(sweepOf(t, "b", "a")))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range charts {
		want := 9 // sizes
		if c.x.label == byInFlight.label {
			want = 10 // numbers in flight
		}
		lines := c.lines(results)
		if len(lines) != 2 || lines[0].peer != "b" || lines[1].peer != "a" {
			t.Fatalf("%s: lines %+v, want those of b and a", c.file, lines)
		}
		for _, l := range lines {
			if len(l.points) != want {
				t.Errorf("%s: %d points, want %d", c.file, len(l.points), want)
			}
			for i := range len(l.points) - 1 {
				if l.points[i].X >= l.points[i+1].X {
					t.Errorf("%s: %v comes before %v", c.file, l.points[i], l.points[i+1])
				}
			}
		}
	}
}

func TestRefusesWhatIsNoSweep(t *testing.T) {
	for name, input := range map[string]string{
		"nothing":       "",
		"no JSON":       "workload peer\n",
		"another thing": `{"ImportPath":"x"}` + "\n",
		"a start":       `{"peer":"p","workload":"start","size":0,"in_flight":1,"ns_per_call":1,"p50_ns":1,"mb_per_s":0}` + "\n",
	} {
		if _, err := readResults(strings.NewReader(input)); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if run(t.TempDir()) == nil {
		t.Error("a directory without a sweep was accepted")
	}
}
