package peer

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/kinwire/kinwire/wire"
)

// TestHurry puts an urgent message into batches of which the link has taken any part: it goes
// behind the frame that is being written, and nothing is lost or torn.
func TestHurry(t *testing.T) {
	for range 2000 {
		s := &sender{maxFrame: 1 << 20, wake: func(*waiter) {}, failed: func(error) {}}
		var frames [][]byte
		for i := range 1 + rand.IntN(6) {
			payload := encoded(bytes.Repeat([]byte{byte(i)}, []int{0, 1, 100, copyLimit - 10, copyLimit + 10, 30_000}[rand.IntN(6)]))
			out := wire.Output{ID: uint64(i + 1), Payload: payload}
			frames = append(frames, out.Append(nil))
			from := len(s.bytes)
			s.bytes = wire.AppendOutputHead(s.bytes, out.ID, 0, nil, len(payload))
			if _, err := s.commitLocked(from, value{raw: payload}, byRoom); err != nil {
				t.Fatal(err)
			}
		}
		var got, want []byte
		ping := wire.Ping{Seq: 7}
		pinged := false
		for s.nextBatchLocked() {
			taken := min(1+rand.IntN(40_000), size(s.batch))
			for left, b := taken, s.batch; left > 0; b = b[1:] {
				n := min(left, len(b[0]))
				got = append(got, b[0][:n]...)
				left -= n
			}
			s.advanceLocked(taken)
			if !pinged && rand.IntN(3) == 0 && len(s.batch) > 0 {
				pinged = true
				s.urgentLocked(ping)
				// It is due at the end of the frame that the link has got a part of.
				for want = nil; len(want) < len(got); frames = frames[1:] {
					want = append(want, frames[0]...)
				}
				frames = append([][]byte{want, ping.Append(nil)}, frames...)
			}
		}
		if !pinged {
			continue
		}
		if want = bytes.Join(frames, nil); !bytes.Equal(got, want) {
			t.Fatalf("%d bytes were written; want %d, or in another order", len(got), len(want))
		}
	}
}

func size(batch [][]byte) (n int) {
	for _, b := range batch {
		n += len(b)
	}
	return n
}
