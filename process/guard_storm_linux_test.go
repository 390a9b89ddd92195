package process

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func init() {
	// guarded-storm starts groups, several at a time, some of which end by themselves and some
	// of which can't be started, until it has started enough.
	children["guarded-storm"] = func([]string) {
		var all sync.WaitGroup
		for i := range 4 {
			all.Go(func() {
				for j := range 25 {
					c := Command{Args: []string{"sh", "-c", "sleep 1000 & (sleep 1000; true) & wait; true"}}
					switch (i + j) % 5 {
					case 1:
						c.Args[2] = "sleep 1000 & exit"
					case 2:
						c.Args[0] = "/none/such"
					case 3:
						c.Rlimits = []Rlimit{{Resource: LimitCore}}
					}
					Start(context.Background(), c)
				}
			})
		}
		all.Wait()
		time.Sleep(time.Hour)
	}
}

// A host may be killed at any moment, its very first included.
func TestHostIsKilledAtAnyMoment(t *testing.T) {
	rounds := 25
	if os.Getenv("KINWIRE_SOAK") != "" {
		rounds = 500
	}
	most := time.Duration(0)
	for round := range rounds {
		mark := fmt.Sprintf("KINWIRE_TEST_STORM=%d-%d", os.Getpid(), round)
		c := child(t, "guarded-storm")
		c.Env = append(c.Env, mark)
		t.Cleanup(func() {
			for _, pid := range marked(mark) {
				syscall.Kill(pid, syscall.SIGKILL)
			}
		})
		p := start(t, c)
		time.Sleep(rand.N(100 * time.Millisecond))
		p.Kill("a moment as good as any")
		<-p.Exited()
		killed := time.Now()
		eventually(t, "all are gone", func() bool { return len(marked(mark)) == 0 })
		most = max(most, time.Since(killed))
	}
	t.Logf("in %d rounds all were gone %v after their host at the latest", rounds, most.Round(time.Millisecond))
}

// marked returns the processes that have an entry in their environment.
func marked(entry string) (pids []int) {
	environs, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range environs {
		environ, err := os.ReadFile(path)
		var pid int
		if err == nil && bytes.Contains(environ, []byte(entry+"\x00")) {
			fmt.Sscan(strings.Split(path, "/")[2], &pid)
			pids = append(pids, pid)
		}
	}
	return pids
}
