package main

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
)

func TestConsoleDrops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan error)}
		c := newConsole(g)
		io.WriteString(c, "first\n") // goes to the gate
		synctest.Wait()
		flood := strings.Repeat("x", consoleLimit-1) + "\n"
		io.WriteString(c, flood)
		io.WriteString(c, "too\n")
		io.WriteString(c, "many\n")
		g.open <- nil
		synctest.Wait() // now the flood is at the gate
		io.WriteString(c, "last\n")
		g.open <- nil
		end := c.close()
		g.open <- nil
		<-end
		want := "first\n" + flood + "kinwire: 2 lines are missing here, as they were not read in time\nlast\n"
		if got := g.lines.String(); got != want {
			t.Errorf("got %d bytes, which end with %q", len(got), got[max(0, len(got)-100):])
		}
	})
}

func TestConsoleClearsProgress(t *testing.T) {
	var got strings.Builder
	c := newConsole(&got)
	c.show("1 done")
	c.show("2 done")
	io.WriteString(c, "a line\n")
	c.show("3 done")
	c.tell(errors.New("bad\nluck"))
	c.clear()
	<-c.close()
	// On a screen, what a line is cleared of was never there.
	var screen []string
	for line := range strings.SplitSeq(got.String(), "\n") {
		cleared := strings.LastIndex(line, "\033[2K\r")
		if cleared >= 0 {
			line = line[cleared+len("\033[2K\r"):]
		}
		screen = append(screen, line)
	}
	if got := strings.Join(screen, "\n"); got != "a line\nkinwire: bad | luck\n" {
		t.Errorf("the screen shows %q", got)
	}
	for _, want := range []string{"1 done", "2 done", "3 done"} {
		if !strings.Contains(got.String(), want) {
			t.Errorf("%q was never shown in %q", want, &got)
		}
	}
}
