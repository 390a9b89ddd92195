package pool

import (
	"context"
	"errors"
	"io"

	"github.com/kinwire/kinwire/parent"
)

// What the pool needs to know of a live worker, beside its calls.

// measured returns spec with its memory measured closely enough to tell when a worker needs
// more than most.
func measured(spec parent.Spec, most int64) parent.Spec {
	if most > 0 && (spec.Memory.Warn <= 0 || spec.Memory.Warn > most) {
		spec.Memory.Warn = most
	}
	return spec
}

// shutdown ends a worker, which is told why.
func shutdown(ctx context.Context, w *parent.Worker, c Cause) error {
	return w.ShutdownFor(ctx, c.words())
}

// ignoreEOF returns nil for the orderly end of an exchange.
func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
