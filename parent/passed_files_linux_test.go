package parent

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/kinwire/kinwire/wire"
)

func init() {
	// passes files sends descriptors along with its answers, 253 at a time, which is all
	// that the kernel takes.
	programs["passes files"] = func([]string) {
		c := raw(all)
		files := make([]int, 253)
		for i := range files {
			files[i] = int(os.Stderr.Fd())
		}
		for {
			in, err := next(c, wire.TypeInput).Input()
			if err != nil {
				panic(err)
			}
			frame := answer(in.ID, nil).Append(nil)
			if err := unix.Sendmsg(linkFD(), frame, unix.UnixRights(files...), nil, 0); err != nil {
				panic(err)
			}
		}
	}
}

// Descriptors that come with a frame were not asked for. None of them gets into the host.
func TestPassedFiles(t *testing.T) {
	w := start(t, program("passes files"))
	if err := w.Call(t.Context(), "", nil, nil); err != nil {
		t.Fatal(err)
	}
	before := descriptors(t)
	for range 50 {
		if err := w.Call(t.Context(), "", nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	if now := descriptors(t); now > before {
		t.Errorf("%d descriptors, %d before", now, before)
	}
}
