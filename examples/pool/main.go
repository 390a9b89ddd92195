// Pool resizes pictures that may crash their worker: three workers share the work, and one
// that dies costs the picture it died of, and no other. Try
//
//	bin/pool cat.png dog.png
//	bin/pool a.png broken.png b.png c.png
//
// Host and worker are one program, which starts itself.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"
	"sync"

	"github.com/kinwire/kinwire/child"
	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/parent"
	"github.com/kinwire/kinwire/pool"
	"github.com/kinwire/kinwire/process"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		w := child.Worker{Name: "resizer", Handlers: child.Handlers{"resize": child.Func(resize)}}
		w.Main()
	}
	if err := host(context.Background(), os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

// resize is the worker's method. There is no library for pictures that never crashes.
func resize(_ context.Context, file string) (string, error) {
	if strings.HasPrefix(file, "broken") {
		fmt.Fprintln(os.Stderr, "segmentation fault in", file)
		os.Exit(139)
	}
	return "small-" + file, nil
}

// host has each file resized, and prints the results in their order.
func host(ctx context.Context, files []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	workers, err := pool.Start(ctx, pool.Spec{
		Worker:    parent.Spec{Command: []string{self, "worker"}},
		Size:      pool.Size{Min: 3},
		PerWorker: 1, // so that a crash costs one picture
	})
	if err != nil {
		return err // it quotes what the workers printed
	}
	defer workers.Shutdown(context.Background())

	results := make([]string, len(files))
	var all sync.WaitGroup
	for i, file := range files {
		all.Go(func() { results[i] = resized(ctx, workers, file) })
	}
	all.Wait()
	for _, r := range results {
		fmt.Println(r)
	}
	return nil
}

// resized is the name of the small picture, or what became of it.
func resized(ctx context.Context, workers exchange.Caller, file string) string {
	small, err := exchange.Call[string](ctx, workers, "resize", file)
	var exit *process.ExitError
	if errors.As(err, &exit) {
		return fmt.Sprintf("%s: exit status %d: %s", file, exit.Exit.Code, exit.Exit.LastWords())
	}
	if err != nil {
		return fmt.Sprintf("%s: %v", file, err)
	}
	return small
}
