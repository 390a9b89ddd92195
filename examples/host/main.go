// Host starts a worker, asks it something, and shuts it down. Try
//
//	bin/host bin/echo-worker
//	bin/host ls
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/kinwire/kinwire/parent"
)

func main() {
	answer, err := ask(context.Background(), os.Args[1:])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer)
}

func ask(ctx context.Context, command []string) (answer any, err error) {
	w, err := parent.Start(ctx, parent.Spec{Command: command})
	if err != nil {
		return nil, err // it quotes what the program printed
	}
	defer w.Shutdown(context.Background())
	err = w.Call(ctx, "echo", map[string]string{"hello": "world"}, &answer)
	return answer, err
}
