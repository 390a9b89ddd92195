//go:build !unix

package socketpair_test

import (
	"errors"
	"testing"

	"github.com/kinwire/kinwire/transport/socketpair"
)

func TestUnsupported(t *testing.T) {
	if _, _, err := (socketpair.Transport{}).Connect(); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Connect: %v; want errors.ErrUnsupported", err)
	}
	if _, err := socketpair.Child(3); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Child: %v; want errors.ErrUnsupported", err)
	}
}
