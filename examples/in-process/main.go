// In-process has a host and its worker in one process, linked by a pipe in memory: for tests,
// which call handlers as a host does without building or starting anything. Try
//
//	bin/in-process any text
//	bin/in-process
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/kinwire/kinwire/child"
	"github.com/kinwire/kinwire/parent"
	"github.com/kinwire/kinwire/transport"
)

var worker = child.Worker{Handlers: child.Handlers{"upper": child.Func(upper)}}

func upper(_ context.Context, s string) (string, error) {
	if s == "" {
		return "", errors.New("there is no text")
	}
	return strings.ToUpper(s), nil
}

func main() {
	answer, err := ask(context.Background(), strings.Join(os.Args[1:], " "))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer)
}

func ask(ctx context.Context, text string) (answer string, err error) {
	here, there := transport.Pair()
	served := make(chan error, 1)
	go func() { served <- worker.Serve(ctx, there) }()
	w, err := parent.Attach(ctx, here, parent.Spec{Name: "upper"})
	if err != nil {
		return "", errors.Join(err, <-served)
	}
	err = w.Call(ctx, "upper", text, &answer)
	return answer, errors.Join(err, w.Shutdown(ctx), <-served)
}
