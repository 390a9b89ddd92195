package peer

import (
	"encoding/binary"
	"testing"

	"github.com/kinwire/kinwire/wire"
)

// TestControlBetweenFrames: on a link whose other side does not read, with much queued, a
// message that is not of an exchange goes out after the frame that the link is in the midst of.
func TestControlBetweenFrames(t *testing.T) {
	for name, sizes := range map[string][]int{
		"a large frame":                  {1 << 20},
		"many by reference":              repeat(10<<10, 24),
		"many copies":                    repeat(copyLimit, 30),
		"many small":                     repeat(100, 1500),
		"a large frame and many":         append([]int{1 << 20}, repeat(10<<10, 24)...),
		"many and a large frame":         append(repeat(1000, 100), 1<<20),
		"large frames among small":       {100, 1 << 20, 100, 100, 300_000, 100, 20_000, 100},
		"frames of the size of the link": repeat(64<<10, 3),
	} {
		t.Run(name, func(t *testing.T) {
			converse(t, setup{}, func(t *testing.T, p *Peer, r *raw) {
				for _, size := range sizes {
					background[int](t.Context(), p, "m", block[:size])
					settle()
				}
				// The other side reads in uneven steps, and a ping is sent before each.
				var got []byte
				var sentAt []int // how much the link had taken when the ping was sent
				buf := make([]byte, 1<<20)
				for step := 0; ; step++ {
					settle()
					p.mu.Lock()
					taken, nothing := int(p.out.total), p.out.nothingLocked()
					p.mu.Unlock()
					if nothing {
						break
					}
					sentAt = append(sentAt, taken)
					p.Send(wire.Ping{Seq: uint64(len(sentAt) - 1)})
					settle()
					n, err := r.conn.Read(buf[:1+step*7919%50_000])
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, buf[:n]...)
				}
				for held := 1; held > 0; {
					settle()
					p.mu.Lock()
					held = int(p.out.total) - len(got)
					p.mu.Unlock()
					if held > 0 {
						n, err := r.conn.Read(buf)
						if err != nil {
							t.Fatal(err)
						}
						got = append(got, buf[:n]...)
					}
				}
				checkPings(t, got, sentAt)
			})
		})
	}
}

func repeat(size, n int) []int {
	sizes := make([]int, n)
	for i := range sizes {
		sizes[i] = size
	}
	return sizes
}

// checkPings checks where in the stream the pings are.
func checkPings(t *testing.T, stream []byte, sentAt []int) {
	t.Helper()
	next, late := 0, 0
	for at := 0; at < len(stream); {
		if len(stream)-at < 4 {
			t.Fatal("the stream ends within a frame")
		}
		size := 4 + int(binary.BigEndian.Uint32(stream[at:]))
		if len(stream)-at < size {
			t.Fatal("the stream ends within a frame")
		}
		m, err := wire.Parse(stream[at+4 : at+size])
		if err != nil {
			t.Fatalf("at byte %d: %v", at, err)
		}
		if m.Type != wire.TypePing {
			at += size
			// A ping that had been sent by the time that this frame began comes before it.
			for next < len(sentAt) && sentAt[next] <= at-size {
				late++
				if late < 5 {
					t.Errorf("the ping %d was sent when the link had taken %d bytes; a frame of %d bytes begins behind that, at %d, and before the ping",
						next, sentAt[next], size, at-size)
				}
				next++
			}
			continue
		}
		v, err := m.Ping()
		if err != nil {
			t.Fatal(err)
		}
		if int(v.Seq) < next { // a late one
			at += size
			continue
		}
		if int(v.Seq) != next {
			t.Fatalf("the ping %d comes where %d should", v.Seq, next)
		}
		next++
		at += size
	}
	if next != len(sentAt) {
		t.Errorf("%d of %d pings have come", next, len(sentAt))
	}
	t.Logf("%d pings, %d late, in %d bytes", len(sentAt), late, len(stream))
}
