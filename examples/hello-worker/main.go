// Hello-worker is a worker with two methods, one that answers with one value and one that
// answers with many. Try
//
//	echo '"Ada"' | bin/kinwire run --method greet -- bin/hello-worker
//	echo 3 | bin/kinwire run --method countdown -- bin/hello-worker
package main

import (
	"context"
	"iter"

	"github.com/kinwire/kinwire/child"
)

func main() {
	w := child.Worker{
		Name: "hello-worker",
		Handlers: child.Handlers{
			"greet":     child.Func(greet),
			"countdown": child.Stream(countdown),
		},
	}
	w.Main()
}

func greet(_ context.Context, name string) (string, error) {
	return "Hello, " + name + "!", nil
}

func countdown(_ context.Context, from int) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for n := from; n > 0 && yield(n, nil); n-- {
		}
	}
}
