package fdconn

import (
	"errors"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kinwire/kinwire/transport"
)

// directLinks runs a test with each kind of link that is a direct.
func directLinks(t *testing.T, test func(t *testing.T, link func(t testing.TB) (a, b *direct))) {
	for _, name := range []string{"socket", "pipes"} {
		t.Run(name, func(t *testing.T) {
			test(t, func(t testing.TB) (*direct, *direct) {
				a, b := links[name](t)
				return a.(*direct), b.(*direct)
			})
		})
	}
}

// A socket in one direction and a pipe in the other are a link as well.
func TestMixed(t *testing.T) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	var p [2]int
	if err := unix.Pipe(p[:]); err != nil {
		t.Fatal(err)
	}
	a, b := opener(Open).must(t, fds[0], p[1]), opener(Open).must(t, p[0], fds[1])
	defer a.Close()
	defer b.Close()
	for _, c := range [][2]transport.Conn{{a, b}, {b, a}} {
		if n, err := c[0].TryWrite([][]byte{[]byte("word")}); n != 4 || err != nil {
			t.Fatalf("TryWrite: %d, %v", n, err)
		}
		if n, err := c[1].Read(make([]byte, 10)); n != 4 || err != nil {
			t.Fatalf("Read: %d, %v", n, err)
		}
	}
}

func TestDirectAllocatesNothing(t *testing.T) {
	directLinks(t, func(t *testing.T, link func(t testing.TB) (a, b *direct)) {
		a, b := link(t)
		defer a.Close()
		defer b.Close()
		p, word, large := make([]byte, 1<<20), [][]byte{{1}}, [][]byte{make([]byte, 3<<20)}
		must := func(_ int, err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		if n := testing.AllocsPerRun(20, func() {
			must(b.TryRead(p))
			must(b.ReadSoon(p))
			must(a.TryWrite(word))
			must(0, b.WaitSoon())
			must(b.ReadSoon(p))
			must(0, a.WaitSoon())
		}); n != 0 {
			t.Errorf("TryRead, ReadSoon and WaitSoon allocate %v times", n)
		}
		// The other goroutine makes these two wait in the poller, again and again.
		turn, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			for range turn {
				time.Sleep(time.Millisecond)
				must(a.TryWrite(large))
				must(0, a.WaitWritable())
			}
		}()
		if n := testing.AllocsPerRun(20, func() {
			turn <- struct{}{}
			for got := 0; got < 1<<16; {
				n, err := b.Read(p)
				must(n, err)
				got += n
			}
			for n := 1; n > 0; {
				var err error
				n, err = b.ReadSoon(p)
				must(n, err)
			}
		}); n != 0 {
			t.Errorf("Read and WaitWritable allocate %v times", n)
		}
		close(turn)
		<-done
	})
}

// After a wait the parking is disarmed: what is read otherwise must not wake the poller.
func TestPollerLeftAlone(t *testing.T) {
	directLinks(t, func(t *testing.T, link func(t testing.TB) (a, b *direct)) {
		a, b := link(t)
		defer a.Close()
		defer b.Close()
		p := make([]byte, 10)
		for range 50 {
			written := make(chan error)
			go func() {
				time.Sleep(100 * time.Microsecond)
				_, err := b.TryWrite([][]byte{[]byte("word")})
				written <- err
			}()
			if n, err := a.Read(p); n != 4 || err != nil {
				t.Fatalf("Read: %d, %v", n, err)
			}
			if err := <-written; err != nil {
				t.Fatal(err)
			}
			b.TryWrite([][]byte{{1}})
			if a.arrived.file != nil {
				var events [1]unix.EpollEvent
				raw, _ := a.arrived.file.SyscallConn()
				raw.Control(func(fd uintptr) {
					if n, err := unix.EpollWait(int(fd), events[:], 0); n != 0 || err != nil {
						t.Fatalf("what nobody waits for is an event: %d, %v", n, err)
					}
				})
			}
			a.TryRead(p)
		}
	})
}

// A link has one descriptor more than it needs once it has waited, another one if it was
// full, and none after Close.
func TestDescriptors(t *testing.T) {
	directLinks(t, func(t *testing.T, link func(t testing.TB) (a, b *direct)) {
		p := make([]byte, 10)
		talk := func(a, b *direct) {
			done := make(chan struct{})
			go func() {
				defer close(done)
				for range 3 {
					if _, err := a.Read(p); err != nil {
						t.Error(err)
					}
				}
			}()
			for range 3 {
				time.Sleep(10 * time.Microsecond)
				if _, err := b.TryWrite([][]byte{[]byte("0123456789")}); err != nil {
					t.Error(err)
				}
			}
			<-done
		}
		a, b := link(t)
		talk(a, b) // now Go has its poller
		a.Close()
		b.Close()
		before := openDescriptors(t)
		a, b = link(t)
		ends := openDescriptors(t) - before
		for range 20 {
			talk(a, b)
		}
		if extra := openDescriptors(t) - before - ends; extra > 1 {
			t.Errorf("a link that was never full has %d descriptors too many; want one", extra)
		}
		a.Close()
		b.Close()
		for i := range 2000 {
			a, b := link(t)
			if i%10 == 0 {
				talk(a, b)
			}
			if i%20 == 0 {
				a.WaitWritable()
			}
			b.Close()
			a.Close()
		}
		if after := openDescriptors(t); after != before {
			t.Errorf("%d descriptors after 2,000 links; %d before", after, before)
		}
	})
}

func openDescriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skipf("this test counts descriptors in /proc/self/fd: %v", err)
	}
	return len(entries)
}

// A process that has no descriptor left can still use the links it has.
func TestNoDescriptorsLeft(t *testing.T) {
	directLinks(t, func(t *testing.T, link func(t testing.TB) (a, b *direct)) {
		a, b := link(t)
		defer a.Close()
		defer b.Close()
		var limit unix.Rlimit
		if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
		defer unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
		none := limit
		none.Cur = 3
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &none); err != nil {
			t.Fatal(err)
		}
		for range 3 { // the last finds it full
			if _, err := a.TryWrite([][]byte{make([]byte, 8<<20)}); err != nil {
				t.Fatal(err)
			}
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			p := make([]byte, 1<<20)
			time.Sleep(5 * time.Millisecond)
			for {
				n, err := b.Read(p)
				if err != nil {
					t.Errorf("Read: %v", err)
					return
				}
				if p[n-1] == 1 {
					return
				}
			}
		}()
		for n := 0; n == 0; {
			if err := a.WaitWritable(); err != nil {
				t.Fatalf("WaitWritable: %v", err)
			}
			time.Sleep(10 * time.Millisecond) // Read waits
			var err error
			if n, err = a.TryWrite([][]byte{{1}}); err != nil {
				t.Fatalf("TryWrite: %v", err)
			}
		}
		<-done
		if a.room.file != nil || b.arrived.file != nil {
			t.Error("the limit was none")
		}
	})
}

// No call touches a descriptor after it was closed: a file that gets the same number keeps
// what is in it.
func TestNumberReuse(t *testing.T) {
	directLinks(t, func(t *testing.T, link func(t testing.TB) (a, b *direct)) {
		random := rand.New(rand.NewPCG(1, 2))
		links := 60
		if os.Getenv("KINWIRE_SOAK") == "1" {
			links = 3000
		}
		for i := range links {
			a, b := link(t)
			var callers sync.WaitGroup
			for _, call := range [][]func() error{
				{
					func() error { _, err := a.TryRead(make([]byte, 10)); return err },
					func() error { _, err := a.ReadSoon(make([]byte, 10)); return err },
					func() error { _, err := a.Read(make([]byte, 10)); return err },
				},
				{
					func() error { _, err := a.TryWrite([][]byte{make([]byte, 10)}); return err },
					func() error { return a.WaitWritable() },
				},
			} {
				callers.Go(func() {
					for {
						if err := call[i%len(call)](); err != nil {
							if !errors.Is(err, os.ErrClosed) {
								t.Errorf("while closed: %v", err)
							}
							return
						}
					}
				})
			}
			for range random.IntN(20) {
				runtime.Gosched()
			}
			a.Close()
			for range 5 {
				var p [2]int
				if err := unix.Pipe2(p[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
					t.Fatal(err)
				}
				unix.Write(p[1], []byte("mine"))
				got := make([]byte, 100)
				if n, err := unix.Read(p[0], got); n != 4 || err != nil {
					t.Errorf("another file has %d bytes, %v; want its own 4", n, err)
				}
				unix.Close(p[0])
				unix.Close(p[1])
			}
			callers.Wait()
			b.Close()
		}
	})
}
