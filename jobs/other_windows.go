package jobs

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// errSystem is the reason where there are no recorders.
var errSystem = fmt.Errorf("not on this system: %w", errors.ErrUnsupported)

func makeControl(string) error { return errSystem }

func kick(string, *killing) error { return errSystem }

// launch refuses.
func launch(_ context.Context, _ jobDir, lock *os.File) error {
	lock.Close()
	return &refusal{errSystem}
}
