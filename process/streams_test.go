//go:build unix

package process

import "testing"

func TestOneStream(t *testing.T) {
	var got []byte
	e := run(t, Command{
		Args:    []string{"sh", "-c", "for i in 1 2 3; do echo out$i; echo err$i >&2; done; exit 4"},
		Streams: OneStream,
		OnChunk: func(c Chunk) {
			if c.Stream != Stdout {
				t.Error(c.Stream)
			}
			got = append(got, c.Data...)
		},
	})
	const want = "out1\nerr1\nout2\nerr2\nout3\nerr3\n"
	if string(got) != want || string(e.Stdout.Tail) != want || len(e.Stderr.Tail) != 0 || e.Code != 4 {
		t.Errorf("%q, %+v", got, e)
	}
}
