package parent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kinwire/kinwire/child"
	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/wire"
)

// The load of the soak, which any Caller can bear, and the book that is kept about it.

// An outcome is what became of an id: how often its side effect may be found.
type outcome byte

const (
	unknown  outcome = iota // it may have been sent: once, or not at all
	answered                // once
	notSent                 // never
)

// A ledger has the outcome of each call, and the file in which workers leave its side effect.
type ledger struct {
	t    *testing.T
	file *os.File

	mu       sync.Mutex
	outcomes []outcome // by id
	count    [3]int    // by outcome
}

func newLedger(t *testing.T) *ledger {
	file, err := os.Create(filepath.Join(t.TempDir(), "effects"))
	if err != nil {
		t.Fatal(err)
	}
	return &ledger{t: t, file: file}
}

func (l *ledger) String() string {
	return fmt.Sprintf("%d calls answered, %d not sent, %d lost", l.count[answered], l.count[notSent], l.count[unknown])
}

// issue returns an id that nobody has had.
func (l *ledger) issue() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.outcomes = append(l.outcomes, unknown)
	return uint64(len(l.outcomes) - 1)
}

// ended notes how the call with that id has ended, and reports whether all is well.
func (l *ledger) ended(id, answer uint64, err error) bool {
	o := unknown
	var lost *process.ExitError
	var said *wire.Error
	switch {
	case err == nil && answer != id:
		l.t.Errorf("the answer to %d is %d", id, answer)
	case err == nil:
		o = answered
	case errors.Is(err, wire.ErrNotSent):
		o = notSent
	case errors.As(err, &lost) && lost.Exit != nil && lost.Sent:
	case errors.As(err, &said) && said.Code == wire.CodeCanceled: // by the end of a grace
	default:
		l.t.Errorf("call %d ends with %v", id, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.outcomes[id] = o
	l.count[o]++
	return o == answered
}

// load calls until ctx ends, and goes on to the end of what it has begun.
func (l *ledger) load(ctx context.Context, c exchange.Caller, random *rand.Rand) {
	for ctx.Err() == nil {
		ask := l.call
		if random.IntN(4) == 0 {
			ask = l.stream
		}
		if !ask(c, random) {
			time.Sleep(time.Millisecond) // there may be nobody just now
		}
	}
}

// call makes one call, and reports whether all is well.
func (l *ledger) call(c exchange.Caller, random *rand.Rand) bool {
	id, answer := l.issue(), uint64(0)
	err := c.Call(context.Background(), "effect", newEffect(id, random), &answer)
	return l.ended(id, answer, err)
}

// stream does the same with some in one exchange.
func (l *ledger) stream(c exchange.Caller, random *rand.Rand) bool {
	id := l.issue()
	x, err := c.Open(context.Background(), "effects", newEffect(id, random))
	if err != nil {
		return l.ended(id, 0, err)
	}
	defer x.Close()
	for range random.IntN(20) {
		var answer uint64
		if err := x.RecvInto(&answer); !l.ended(id, answer, err) {
			return false
		}
		id = l.issue()
		if x.Send(newEffect(id, random)) != nil {
			break // Recv has the reason
		}
	}
	var answer uint64
	return l.ended(id, answer, x.RecvInto(&answer))
}

// An effect is what a call asks for: that its id is written down.
type effect struct {
	ID      uint64
	Ballast []byte
}

func newEffect(id uint64, random *rand.Rand) effect {
	return effect{id, make([]byte, random.IntN(20_000))}
}

func init() {
	// soaked writes the ids of its calls into a file, and can spoil its own link.
	programs["soaked"] = func(args []string) {
		file, err := os.OpenFile(args[0], os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			panic(err)
		}
		link := 1
		if os.Getenv(transport.EnvVar) != "stdio" {
			link = linkFD()
		}
		if link, err = unix.FcntlInt(uintptr(link), unix.F_DUPFD_CLOEXEC, 10); err != nil {
			panic(err)
		}
		w := worker()
		w.Handlers["effect"] = child.Func(func(_ context.Context, e effect) (uint64, error) {
			_, err := fmt.Fprintln(file, e.ID)
			return e.ID, err
		})
		w.Handlers["effects"] = child.Duplex(func(_ context.Context, in iter.Seq2[effect, error]) iter.Seq2[uint64, error] {
			return func(yield func(uint64, error) bool) {
				for e, err := range in {
					if err == nil {
						_, err = fmt.Fprintln(file, e.ID)
					}
					if !yield(e.ID, err) || err != nil {
						return
					}
				}
			}
		})
		w.Handlers["garbage"] = func(ctx context.Context, _ exchange.Request) error {
			unix.Write(link, []byte{0xff, 0xff, 0xff, 0xff})
			<-ctx.Done()
			return ctx.Err()
		}
		w.Main()
	}
}

// check reads which side effects there are.
func (l *ledger) check() {
	defer l.file.Close()
	effects := make([]int, len(l.outcomes))
	for {
		var id int
		if _, err := fmt.Fscanln(l.file, &id); err == io.EOF {
			break
		} else if err != nil {
			l.t.Fatal(err)
		}
		effects[id]++
	}
	for id, o := range l.outcomes {
		n := effects[id]
		if n > 1 || o == answered && n == 0 || o == notSent && n > 0 {
			l.t.Errorf("call %d has %d side effects, with outcome %d", id, n, o)
		}
	}
	if l.count[answered] == 0 {
		l.t.Error("nothing was answered: the test proves nothing")
	}
}
