package conformance

import (
	"fmt"
	"strings"
	"time"

	"github.com/kinwire/kinwire/wire"
)

var logCases = in("log", "13. Log",
	&definition{
		Case:  Case{Name: "line", About: "A line of the worker's log comes as a Log, with its level, its time and its message"},
		on:    standard,
		needs: []need{feature(wire.FeatureLog), method("log")},
		run: func(t *trial) {
			l := t.worker()
			for _, level := range []string{wire.LevelDebug, wire.LevelInfo, wire.LevelWarn, wire.LevelError} {
				text := "a line of the level " + level
				l.awaitEnd(l.callMethod("log", map[string]any{"level": level, "text": text}))
				var line wire.Log
				l.await("a Log with the message "+quote(text), func() bool {
					for _, logged := range l.logs {
						if strings.Contains(logged.Message, text) {
							line = logged
							return true
						}
					}
					return false
				})
				if line.Level != level {
					t.fail("the level "+level, "the level "+line.Level)
				}
				if off := time.Since(line.Time).Abs(); off > time.Hour {
					t.fail("the time in unix_ms", fmt.Sprintf("%d, which is %v away", line.Time.UnixMilli(), off.Round(time.Hour)))
				}
			}
		},
	},
	&definition{
		Case:  Case{Name: "not-in-force", About: "Without the feature no Log is sent"},
		on:    bare,
		needs: []need{method("log")},
		run: func(t *trial) {
			l := t.worker()
			l.awaitEnd(l.callMethod("log", map[string]any{"level": wire.LevelError, "text": "not for the link"}))
			l.rest(quiet / 2)
			l.alive()
		},
	},
	&definition{
		Case:  Case{Name: "print", Section: "2. Start", About: "What a handler prints on standard output does not break the link"},
		on:    standard,
		needs: []need{method("print")},
		run: func(t *trial) {
			l := t.worker()
			for _, text := range []string{"Hello, link!", strings.Repeat("a long line ", min(2000, l.info.MaxFrame/20)), ""} {
				x := l.callMethod("print", map[string]any{"text": text})
				l.awaitEnd(x)
				if x.err != nil {
					t.fail("a result of the method print", x.outcome())
				}
				l.echo()
			}
		},
	},
)
