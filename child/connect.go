package child

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/transport/socketpair"
	"github.com/kinwire/kinwire/transport/stdio"
)

// connect finds this process's end of the link in the environment, and takes it out of
// there: a process that the worker starts is no worker.
func connect() (transport.Conn, error) {
	where, ok := os.LookupEnv(transport.EnvVar)
	if !ok {
		return nil, usage("%s is not set", transport.EnvVar)
	}
	if err := os.Unsetenv(transport.EnvVar); err != nil {
		return nil, err
	}
	c, err := open(where)
	if err != nil {
		return nil, usage("%s is %q: %v", transport.EnvVar, where, err)
	}
	return c, nil
}

func open(where string) (transport.Conn, error) {
	if where == "stdio" {
		return stdio.Child()
	}
	number, ok := strings.CutPrefix(where, "fd:")
	if !ok {
		return nil, fmt.Errorf("it must be fd:N or stdio")
	}
	fd, err := strconv.Atoi(number)
	if err != nil {
		return nil, fmt.Errorf("%q is no number", number)
	}
	return socketpair.Child(fd)
}

// usage says how to start a worker, in the one line that there is for it.
func usage(format string, args ...any) error {
	return fmt.Errorf("this is a kinwire worker, and is started by a host: try `kinwire run -- %s` (%s)",
		filepath.Clean(os.Args[0]), fmt.Sprintf(format, args...))
}
