// Config is a host and its worker in one program: it starts itself, and gives its worker a
// configuration, which the worker checks before its first call. Try
//
//	bin/config Hello
//	bin/config
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
	"github.com/kinwire/kinwire/wire"
)

func main() {
	if os.Getenv(transport.EnvVar) != "" { // it was started by the host below
		w := child.Worker{Init: initialize, Handlers: child.Handlers{"greet": child.Func(greet)}}
		w.Main()
	}
	answer, err := ask(context.Background(), strings.Join(os.Args[1:], " "))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer)
}

var greeting string // set before the first call

func initialize(_ context.Context, config wire.Payload) error {
	if err := config.Decode(&greeting); err != nil {
		return err
	}
	if greeting == "" {
		return errors.New("the greeting is empty")
	}
	return nil
}

func greet(_ context.Context, name string) (string, error) {
	return greeting + ", " + name + "!", nil
}

func ask(ctx context.Context, config any) (answer string, err error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	w, err := parent.Start(ctx, parent.Spec{Command: []string{self}, Config: config})
	if err != nil {
		return "", err // of the worker's Init, too
	}
	defer w.Shutdown(context.Background())
	err = w.Call(ctx, "greet", "Ada", &answer)
	return answer, err
}
