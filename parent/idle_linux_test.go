package parent

import (
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

// BenchmarkIdleWorkers is what workers cost their host that have nothing to do, with pings
// and the memory watch at their defaults: bytes and goroutines each, and the share of a
// processor that a thousand of them would take.
func BenchmarkIdleWorkers(b *testing.B) {
	const workers = 100
	spec := program("worker")
	spec.Memory = Memory{Warn: 1 << 40}
	spec.OnEvent = func(*Worker, Event) {}
	start(b, spec) // whatever is there once for all
	goroutines, bytes := runtime.NumGoroutine(), inUse()
	var starts sync.WaitGroup
	for range workers {
		starts.Go(func() {
			w, err := Start(b.Context(), spec)
			if err != nil {
				b.Error(err)
				return
			}
			b.Cleanup(func() {
				w.kill("the benchmark is over")
				<-w.Done()
			})
		})
	}
	starts.Wait()
	pause := 5 * time.Second
	if os.Getenv("KINWIRE_SOAK") != "" {
		pause = time.Minute
	}
	time.Sleep(pause) // until they are idle
	bytes, goroutines = inUse()-bytes, runtime.NumGoroutine()-goroutines
	before := processorTime(b)
	for b.Loop() {
		time.Sleep(2 * pause)
	}
	share := float64(processorTime(b)-before) / float64(b.Elapsed())
	b.ReportMetric(float64(bytes)/workers, "B/worker")
	b.ReportMetric(float64(goroutines)/workers, "goroutines/worker")
	b.ReportMetric(100*share*1000/workers, "%cpu/1000workers")
}

// inUse returns the bytes that Go has in use, stacks included.
func inUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

// processorTime is what this process has used.
func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
