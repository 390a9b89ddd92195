package examples_test

import (
	"slices"
	"testing"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/parent"
)

func testHelloWorker(t *testing.T) {
	wantUsage(t, "hello-worker")
	w := start(t, "hello-worker", parent.Spec{})
	if got, err := exchange.Call[string](soon(t), w, "greet", "Ada"); got != "Hello, Ada!" || err != nil {
		t.Errorf("greet: %q, %v", got, err)
	}
	x, err := w.Open(soon(t), "countdown", 3)
	if err != nil {
		t.Fatal(err)
	}
	var got []int
	for n, err := range exchange.Values[int](x) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, n)
	}
	if want := []int{3, 2, 1}; !slices.Equal(got, want) {
		t.Errorf("countdown: %v, want %v", got, want)
	}
}

func testHost(t *testing.T) {
	wantRun(t, "host", []string{program("echo-worker")}, "map[hello:world]\n", "", 0)
	wantRun(t, "host", []string{program("agent-worker")}, "", `there is no method "echo"`, 1)
	wantRun(t, "host", []string{"go", "version"}, "", "it printed: ", 1)
	wantRun(t, "host", nil, "", "did not start", 1)
}

func testInProcess(t *testing.T) {
	wantRun(t, "in-process", []string{"any", "text"}, "ANY TEXT\n", "", 0)
	wantRun(t, "in-process", nil, "", "there is no text", 1)
}

func testConfig(t *testing.T) {
	wantRun(t, "config", []string{"Good morning"}, "Good morning, Ada!\n", "", 0)
	wantRun(t, "config", nil, "", "the greeting is empty", 1)
}

func testPool(t *testing.T) {
	wantRun(t, "pool", []string{"a.png", "broken.png", "b.png", "c.png", "broken2.png", "d.png"},
		"small-a.png\nbroken.png: exit status 139: segmentation fault in broken.png\nsmall-b.png\nsmall-c.png\n"+
			"broken2.png: exit status 139: segmentation fault in broken2.png\nsmall-d.png\n", "", 0)
	wantRun(t, "pool", nil, "", "", 0)
	wantRun(t, "pool", []string{"worker"}, "", "try `kinwire run -- ", 64)
}
