//go:build linux

package conformance

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// deviation is one way to be wrong.
type deviation struct {
	name string // what the worker does
	// fails are cases that must fail; each pattern must match one at least, and all that it
	// matches must.
	fails string
	// may are further ones that may fail: what the deviation shows in, depending on the moment.
	may string
	// over is the transport. "": socketpair.
	over string
}

// anything is what may fail where nearly nothing works.
const anything = "*/*"

// deviations prove that each case can fail. A case that fails and that neither fails nor may
// name makes the test fail.
var deviations = []deviation{
	{name: "never speaks", fails: "*/*"},
	{name: "chooses no version", fails: "*/*", may: anything},
	{name: "a max_frame of 5", fails: "*/*", may: anything},
	{name: "answers Initialize twice", fails: "exchange/echo", may: anything},
	{name: "speaks first", fails: "*/*"},

	{name: "exits with 1 without a host", fails: "start/no-transport"},
	{name: "says nothing of how to start it", fails: "start/no-transport start/unknown-transport start/closed-descriptor"},
	{name: "tells stdout how to start it", fails: "start/no-transport start/unknown-transport start/closed-descriptor"},
	{name: "takes any transport for stdio", fails: "start/unknown-transport"},
	{name: "reads a closed descriptor", fails: "start/closed-descriptor"},
	{name: "leaves the link inheritable", fails: "start/descriptors"},
	{name: "leaves the link inheritable", fails: "start/descriptors", over: "stdio"},
	{name: "dies of SIGINT", fails: "start/sigint", may: "frame/interrupted"},

	{name: "picks the first version", fails: "handshake/version"},
	{name: "speaks any version", fails: "handshake/no-common-version"},
	{name: "refuses versions with another code", fails: "handshake/no-common-version"},
	{name: "names no versions", fails: "handshake/no-common-version"},
	{name: "exits with 0 without a version", fails: "handshake/no-common-version"},
	{name: "says no goodbye without a version", fails: "handshake/no-common-version"},
	{name: "names its features unasked", fails: "handshake/features handshake/one-feature", may: "*/not-in-force handshake/widths handshake/unknown-keys"},
	{name: "names whatever features are offered", fails: "handshake/unknown-features"},
	{name: "dies of unknown keys", fails: "handshake/unknown-keys"},
	{name: "dies of nil in Initialize", fails: "handshake/defaults"},
	{name: "takes no large Initialize", fails: "handshake/large-config"},

	{name: "takes a short read for the end", fails: "frame/cut frame/bytewise", may: anything},
	{name: "takes one frame from each read", fails: "frame/together", may: anything},
	{name: "takes no large frames", fails: "frame/large"},
	{name: "writes without a lock", fails: "frame/whole", may: anything},
	{name: "gives up a write at SIGINT", fails: "frame/interrupted"},
	{name: "finds 1000 bytes too large", fails: "frame/max-frame-of-host credit/large-value"},
	{name: "sends frames of any size", fails: "frame/too-large"},

	{name: "takes ints of one width", fails: "body/wide-ints body/float-ints"},
	{name: "takes no floats for ints", fails: "body/float-ints handshake/widths", may: "handshake/unknown-keys"},
	{name: "takes no wide heads", fails: "body/wide-heads handshake/widths"},
	{name: "wants all elements", fails: "body/missing-elements"},
	{name: "takes no nil for a number", fails: "body/nil-elements"},
	{name: "takes no further elements", fails: "body/extra-elements"},
	{name: "takes no unknown meta", fails: "body/unknown-meta", may: "exchange/meta-alone body/*"},
	{name: "reads the first of two keys", fails: "body/key-twice"},
	{name: "dies of invalid UTF-8 in meta", fails: "body/invalid-utf-8", may: "grease/* body/* handshake/unknown-keys"},
	{name: "takes 40 levels", fails: "body/depth"},
	{name: "takes no long strings", fails: "body/long-method"},

	{name: "payload: nil is false", fails: "payload/nil", may: "body/missing-elements"},
	{name: "payload: bools are ints", fails: "payload/bool"},
	{name: "payload: ints have 16 bits", fails: "payload/ints", may: "exchange/* payload/*ints"},
	{name: "payload: ints have 32 bits", fails: "payload/safe-ints payload/int64 payload/uint64", may: "exchange/ids"},
	{name: "payload: ints are floats", fails: "payload/int64", may: "payload/uint64"},
	{name: "payload: ints are signed", fails: "payload/uint64"},
	{name: "payload: floats have 32 bits", fails: "payload/float64"},
	{name: "payload: floats are ints", fails: "payload/float32 payload/float64", may: "payload/*"},
	{name: "payload: NaN is nil", fails: "payload/float-specials"},
	{name: "payload: a str is bin", fails: "payload/str", may: anything},
	{name: "payload: bin is a str", fails: "payload/bin", may: anything},
	{name: "payload: long arrays are cut", fails: "payload/array"},
	{name: "payload: maps lose a key", fails: "payload/map", may: "payload/*"},
	{name: "payload: keys are str", fails: "payload/map-keys"},
	{name: "dies of keys that are containers", fails: "payload/container-keys"},
	{name: "payload: ext loses its type", fails: "payload/ext"},
	{name: "payload: timestamps have no nanoseconds", fails: "payload/timestamp"},
	{name: "crashes at an ext below 0", fails: "payload/reserved-ext"},
	{name: "payload: what is deep is nil", fails: "payload/nested"},
	{name: "dies of invalid UTF-8", fails: "payload/invalid-utf-8 body/invalid-utf-8", may: "grease/* handshake/unknown-keys body/extra-elements"},
	{name: "dies of a key twice", fails: "payload/key-twice"},

	{name: "has no default method", fails: "exchange/echo"},
	{name: "answers something else", fails: "exchange/echo payload/nil", may: anything},
	{name: "sends two ENDs", fails: "exchange/one-end", may: anything},
	{name: "sends a late END", fails: "exchange/one-end", may: anything},
	{name: "adds a value to each END", fails: "exchange/echo", may: anything},
	{name: "forgets END", fails: "exchange/echo exchange/one-end", may: anything},
	{name: "mixes answers up", fails: "exchange/many", may: anything},
	{name: "ids of 32 bits", fails: "exchange/ids body/float-ints"},
	{name: "mixes exchanges up", fails: "exchange/interleaved", may: anything},
	{name: "takes the payload of EMPTY", fails: "exchange/value-later", may: anything},
	{name: "takes END with EMPTY for a value", fails: "exchange/end-later", may: anything},
	{name: "takes EMPTY alone for a value", fails: "exchange/meta-alone", may: "deadline/elsewhere"},
	{name: "forgets END without values", fails: "exchange/no-value", may: anything},
	{name: "fails at a second value", fails: "exchange/two-values exchange/stream", may: "credit/* body/* cancel/waiting-outputs ping/stalled-stream violation/credit"},
	{name: "repeats a value", fails: "exchange/stream", may: "credit/*"},
	{name: "counts one too few", fails: "exchange/count"},
	{name: "swaps values", fails: "exchange/count", may: "credit/*"},
	{name: "ignores ERROR on Inputs", fails: "exchange/input-error"},
	{name: "answers what comes behind END", fails: "exchange/behind-end"},
	{name: "dies of frames for what is over", fails: "exchange/over host-call/over", may: anything},
	{name: "takes Outputs for its own exchanges", fails: "exchange/output-from-host", may: "host-call/*"},
	{name: "dies of unknown flags", fails: "exchange/unknown-flags"},
	{name: "falls back to the default method", fails: "exchange/unknown-method exchange/reserved-method body/long-method", may: "exchange/refusals body/invalid-utf-8 shutdown/*"},
	{name: "looks at the deadline first", fails: "exchange/refusals exchange/overloaded"},
	{name: "is never overloaded", fails: "exchange/overloaded"},

	{name: "ignores deadlines in the past", fails: "deadline/past"},
	{name: "overflows at far deadlines", fails: "deadline/far"},
	{name: "ignores deadlines", fails: "deadline/past deadline/waiting deadline/handler", may: "body/key-twice exchange/overloaded"},
	{name: "ends exchanges twice when their time is up", fails: "deadline/over", may: "deadline/far"},
	{name: "sends what comes too late", fails: "deadline/late"},
	{name: "ends exchanges before their time", fails: "deadline/waiting deadline/handler"},
	{name: "takes deadlines from any Input", fails: "deadline/elsewhere"},

	{name: "has one code for all errors", fails: "error/own-code error/panic", may: anything},
	{name: "lets handlers promise that none ran", fails: "error/promises"},
	{name: "dies of a handler's panic", fails: "error/panic"},
	{name: "dies of what it can't decode", fails: "error/bad-input"},
	{name: "sends error maps that are none", fails: "exchange/unknown-method", may: anything},

	{name: "ignores Cancel", fails: "cancel/waiting cancel/handler cancel/place cancel/waiting-outputs host-call/canceled"},
	{name: "cancels no handlers", fails: "cancel/handler"},
	{name: "keeps the place of what was canceled", fails: "cancel/place", may: anything},
	{name: "answers a Cancel that comes late", fails: "cancel/crossing", may: anything},
	{name: "ends nothing that waits for credit", fails: "cancel/waiting-outputs"},
	{name: "ends what is canceled without an error", fails: "cancel/waiting", may: "cancel/* host-call/*"},
	{name: "dies of Cancel without the feature", fails: "cancel/not-in-force"},
	{name: "takes Cancel without the feature", fails: "cancel/not-in-force"},

	{name: "sends without credit", fails: "credit/kept", may: "ping/stalled-stream cancel/waiting-outputs violation/credit credit/* frame/* exchange/* shutdown/* host-call/*"},
	{name: "waits for credit for all of a frame", fails: "credit/large-value", may: anything},
	{name: "lets the balance overflow", fails: "credit/saturates"},
	{name: "grants nothing", fails: "credit/granted credit/granted-small"},
	{name: "grants payloads without their heads", fails: "credit/granted-small"},
	{name: "grants credit to strangers", fails: "credit/granted", may: anything},
	{name: "grants credit unasked", fails: "credit/not-in-force", may: anything},
	{name: "waits for credit that is not in force", fails: "credit/not-in-force", may: anything},
	{name: "dies of Credit without the feature", fails: "credit/not-in-force"},

	{name: "answers no pings", fails: "ping/*", may: anything},
	{name: "answers pings with the next seq", fails: "ping/seq ping/many", may: anything},
	{name: "answers pings twice", fails: "ping/seq ping/many", may: anything},
	{name: "seqs of 32 bits", fails: "ping/seq"},
	{name: "leaves out pings", fails: "ping/many", may: anything},
	{name: "answers no pings while exchanges are open", fails: "ping/open-exchange ping/stalled-stream", may: anything},
	{name: "answers no pings while handlers are busy", fails: "ping/busy-handlers", may: "cancel/handler eof/busy-handler"},
	{name: "answers no pings while streams wait", fails: "ping/stalled-stream", may: "credit/* cancel/waiting-outputs violation/credit"},
	{name: "answers no pings in its grace", fails: "shutdown/goes-on", may: "shutdown/*"},
	{name: "exits without pings", fails: "ping/lack"},
	{name: "sends a status with a negative in_flight", fails: "ping/seq", may: anything},
	{name: "sends Ping", fails: "ping/seq", may: anything},

	{name: "has levels of its own", fails: "log/line"},
	{name: "logs all as info", fails: "log/line"},
	{name: "drops its log", fails: "log/line"},
	{name: "logs the time in seconds", fails: "log/line"},
	{name: "logs without the feature", fails: "log/not-in-force"},
	{name: "leaves standard output in the link", fails: "log/print", over: "stdio"},
	{name: "uses the standard files", fails: "log/print", over: "stdio"},

	{name: "acknowledges no Shutdown", fails: "shutdown/idle shutdown/goes-on shutdown/sigterm-idle", may: "shutdown/* eof/in-grace host-call/in-grace"},
	{name: "acknowledges a Shutdown twice", fails: "shutdown/idle", may: "shutdown/* eof/in-grace host-call/in-grace"},
	{name: "acknowledges one Shutdown", fails: "shutdown/shorter shutdown/longer shutdown/asked-after-sigterm"},
	{name: "counts no exchanges in flight", fails: "shutdown/goes-on shutdown/busy-handler"},
	{name: "drops what is open at Shutdown", fails: "shutdown/busy-handler shutdown/goes-on shutdown/grace-over", may: "shutdown/* eof/in-grace host-call/in-grace"},
	{name: "takes calls after Shutdown", fails: "shutdown/goes-on shutdown/sigterm"},
	{name: "stops reading inputs at Shutdown", fails: "shutdown/goes-on", may: "shutdown/*"},
	{name: "dawdles after its grace", fails: "shutdown/grace-over shutdown/sigterm", may: "shutdown/*"},
	{name: "takes half the grace", fails: "shutdown/grace-over shutdown/sigterm", may: "shutdown/asked-after-sigterm"},
	{name: "has a grace of its own", fails: "shutdown/grace-over", may: "shutdown/*"},
	{name: "waits for handlers beyond the grace", fails: "shutdown/grace-over shutdown/handler-over-grace shutdown/no-grace shutdown/shorter", may: "shutdown/*"},
	{name: "has a grace if there is none", fails: "shutdown/no-grace"},
	{name: "keeps to the first grace", fails: "shutdown/shorter shutdown/longer shutdown/asked-after-sigterm"},
	{name: "keeps to the shorter grace", fails: "shutdown/longer shutdown/asked-after-sigterm"},
	{name: "says no goodbye", fails: "shutdown/idle shutdown/inputs-before shutdown/sigterm", may: "shutdown/* host-call/in-grace"},
	{name: "leaves exchanges open at its end", fails: "shutdown/grace-over", may: "shutdown/*"},
	{name: "exits with 3 after Shutdown", fails: "shutdown/idle shutdown/inputs-before shutdown/sigterm", may: "shutdown/* host-call/in-grace"},
	{name: "tells another code than it exits with", fails: "shutdown/idle", may: "shutdown/* host-call/in-grace"},
	{name: "goes on after Exiting", fails: "shutdown/idle", may: "shutdown/* host-call/in-grace"},
	{name: "stays after Exiting", fails: "shutdown/idle", may: "shutdown/* host-call/in-grace"},
	{name: "is killed after Exiting", fails: "shutdown/idle", may: "shutdown/* host-call/in-grace"},
	{name: "dies of SIGTERM", fails: "shutdown/sigterm*", may: "shutdown/asked-after-sigterm"},
	{name: "ignores SIGTERM", fails: "shutdown/sigterm*", may: "shutdown/asked-after-sigterm"},
	{name: "takes SIGTERM without grace", fails: "shutdown/sigterm", may: "shutdown/asked-after-sigterm"},
	{name: "takes SIGTERM with a long grace", fails: "shutdown/sigterm shutdown/sigterm-in-grace"},
	{name: "ignores SIGTERM in its grace", fails: "shutdown/sigterm-in-grace"},

	{name: "outlives end of file", fails: "eof/*"},
	{name: "outlives end of file before Initialize", fails: "eof/before-initialize"},
	{name: "outlives end of file with open exchanges", fails: "eof/open-exchange", may: "eof/busy-handler"},
	{name: "outlives end of file with busy handlers", fails: "eof/busy-handler"},
	{name: "outlives end of file in its grace", fails: "eof/in-grace"},
	{name: "outlives end of file inside a frame", fails: "eof/inside-frame"},
	{name: "exits with 0 at end of file", fails: "eof/*"},
	{name: "takes 20 s to notice end of file", fails: "eof/*"},
	{name: "crashes at end of file", fails: "eof/*"},

	{name: "crashes at a breach", fails: "violation/*"},
	{name: "hangs at a breach", fails: "violation/*"},

	{name: "dies of unknown types", fails: "grease/*", may: "frame/together shutdown/goes-on violation/frame-length-one-over"},

	{name: "uses odd ids", fails: "host-call/answer", may: "host-call/*"},
	{name: "uses an id twice", fails: "host-call/answer", may: "host-call/*"},
	{name: "takes the last Output for the answer", fails: "host-call/two-outputs"},
	{name: "takes an error of its host for a value", fails: "host-call/error"},
	{name: "dies of late answers", fails: "host-call/over"},
	{name: "cancels no call of its host", fails: "host-call/canceled"},
	{name: "calls its host without limit", fails: "host-call/concurrency"},
	{name: "calls no host in its grace", fails: "host-call/in-grace"},
	{name: "calls its host without the feature", fails: "host-call/not-in-force"},
	{name: "sets unknown flags", fails: "exchange/echo", may: anything},
}

// testOptions are those for the test's workers, of which none needs long for anything.
var testOptions = Options{StartTimeout: 10 * time.Second, answerTime: 3 * time.Second, Parallel: 8}

// soak lets each deviation go through all cases, and not only those that it must fail.
var soak = os.Getenv("KINWIRE_SOAK") != ""

func TestEachDeviationFails(t *testing.T) {
	t.Parallel()
	for _, d := range deviations {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			if d.over == "" {
				d.over = "socketpair"
			}
			o := testOptions
			o.Transports = []string{d.over}
			if d.name == "never speaks" {
				o.StartTimeout = time.Second
			}
			if !soak {
				o.Cases = strings.Fields(d.fails)
			}
			for r := range results(t, deviant(d.name), o) {
				must, may := matches(d.fails, r.Case.Name), matches(d.may, r.Case.Name)
				switch {
				case must && r.Verdict != Fail:
					t.Errorf("%s does not fail, but: %s %s", r.Case.Name, r.Verdict, r.Why)
				case !must && !may && r.Verdict == Fail:
					t.Errorf("%s fails: %s", r.Case.Name, r.details())
				}
			}
		})
	}
}

// Every case is failed by a deviation, and every deviation fails a case that there is.
func TestEveryCaseCanFail(t *testing.T) {
	for _, c := range Cases() {
		if !slices.ContainsFunc(deviations, func(d deviation) bool { return d.fails != "*/*" && matches(d.fails, c.Name) }) &&
			c.Name != "start/handshake" {
			t.Errorf("no deviation fails %s", c.Name)
		}
	}
	for _, d := range deviations {
		for _, pattern := range strings.Fields(d.fails) {
			if !slices.ContainsFunc(Cases(), func(c Case) bool { return matches(pattern, c.Name) }) {
				t.Errorf("%s: there is no case %s", d.name, pattern)
			}
		}
	}
}
