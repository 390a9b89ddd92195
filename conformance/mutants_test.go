package conformance_test

import "slices"

// A mutant is the minimal worker with a mistake, of which there is no end in practice.
type mutant struct {
	name string
	// edits are what is replaced, and by what, in turn. Each of the former is in the worker
	// exactly once.
	edits []string
	// fails are the cases that must fail, each of them.
	fails []string
	// says is a part of what the failures say, where the case is about something else.
	says string
	// on is the only transport that shows the mistake, if it is only one.
	on string
}

// sleeping gives the worker one more method, which takes its time, and is particular about what
// it takes.
var sleeping = []string{
	`METHODS = ` + theMethods, `METHODS = {"": lambda value: value, "echo": lambda value: value, "sleep": lambda value: time.sleep(value["ms"] / 1000) or value}`,
	`        end(id, "failed", repr(e))`, `        end(id, "bad_input" if method == "sleep" else "failed", repr(e))`,
}

func edits(pairs ...string) []string { return pairs }

func sleepingWith(pairs ...string) []string { return append(slices.Clone(sleeping), pairs...) }

const theMethods = `{"": lambda value: value, "echo": lambda value: value}`

var mutants = []mutant{
	// Start.
	{name: "started by hand it exits with 1", fails: []string{"start/no-transport", "start/unknown-transport", "start/closed-descriptor"}, edits: edits(`leave(64, `, `leave(1, `)},
	{name: "it goes on without a host", fails: []string{"start/no-transport", "start/unknown-transport", "start/closed-descriptor"}, edits: edits(`leave(64, "this is a kinwire worker: start it with `+"`kinwire run -- COMMAND`"+`")`, `return 0, 1`)},
	{name: "a slow start", fails: []string{"start/handshake"}, says: "no answer to Initialize within", edits: edits("source, sink = connect()\n", "source, sink = connect()\ntime.sleep(15)\n")},
	{name: "what a handler prints is in the stream", fails: []string{"exchange/echo"}, says: "frames of a length from 1", on: "stdio",
		edits: edits(`            os.dup2(2, 1)  # no print can break the stream`, `            pass`,
			`METHODS = `+theMethods, `METHODS = {"": lambda value: print("working on it", flush=True) or value, "echo": lambda value: value}`)},
	{name: "what it prints at its start is in the stream", fails: []string{"start/handshake"}, says: "frames of a length from 1", on: "stdio",
		edits: edits(`def connect():  # returns`, "print('loading plugins', flush=True)\ndef connect():  # returns")},
	{name: "its link is inherited, on a descriptor", fails: []string{"start/descriptors"}, on: "socketpair", edits: edits(`os.set_inheritable(fd, False)`, `os.set_inheritable(fd, True)`)},
	{name: "its link is inherited, on stdio", fails: []string{"start/descriptors"}, on: "stdio",
		edits: edits(`link = os.dup(0), os.dup(1)  # which no child process inherits`, `link = os.dup(0), os.dup(1); [os.set_inheritable(fd, True) for fd in link]`)},
	{name: "its children print into the stream", fails: []string{"start/descriptors"}, on: "stdio", edits: edits(`            os.dup2(2, 1)  # no print can break the stream`, `            pass`)},
	{name: "SIGINT ends it", fails: []string{"start/sigint"}, edits: edits(`signal.signal(signal.SIGINT, lambda *_: None)`, `signal.signal(signal.SIGINT, signal.SIG_DFL)`)},
	{name: "SIGTERM is ignored", fails: []string{"shutdown/sigterm-idle", "shutdown/sigterm"}, edits: edits(`signal.signal(signal.SIGTERM, terminate)`, `signal.signal(signal.SIGTERM, signal.SIG_IGN)`)},
	{name: "SIGTERM kills it", fails: []string{"shutdown/sigterm-idle", "shutdown/sigterm"}, edits: edits(`signal.signal(signal.SIGTERM, terminate)`, `signal.signal(signal.SIGTERM, signal.SIG_DFL)`)},

	// Frame and body.
	{name: "large frames are refused", fails: []string{"frame/large", "handshake/large-config"}, edits: edits(`if not 1 <= size <= 16 << 20:`, `if not 1 <= size <= 1 << 16:`)},
	{name: "a frame comes in one read", fails: []string{"frame/cut", "frame/bytewise", "frame/large"}, edits: edits("    while len(data) < n:\n", "    if True:\n")},
	{name: "a payload over the host's max_frame", fails: []string{"frame/too-large"}, edits: edits(`if len(body) > largest:`, `if False:`)},
	{name: "no word about an answer that is too large", fails: []string{"frame/too-large"}, edits: edits(`return end(id, "too_large", "the answer is larger than the parent accepts")`, `return`)},
	{name: "the host's max_frame is not read", fails: []string{"frame/too-large"}, edits: edits(`1, int, 0) or largest`+"\n    if", `1, int, 0) and largest or largest`+"\n    if")},
	{name: "a float is no int", fails: []string{"body/float-ints", "handshake/widths"}, edits: edits(`if kind is int and isinstance(value, float) and value.is_integer():`, `if False:`)},
	{name: "a bool is an int, also in a Pong", fails: []string{"violation/element-type-bool"},
		edits: edits(`or isinstance(value, bool) or kind is dict`, `or kind is dict`)},
	{name: "an int has the least width", fails: []string{"body/wide-ints"}, edits: edits("    body = read(size)\n", "    body = read(size)\n    if 0xcc <= body[1] <= 0xd3:\n        fatal(\"element-type\")\n")},
	{name: "missing elements are no nil", fails: []string{"body/missing-elements"}, edits: edits(`value = message[i] if i < len(message) else None`, `value = message[i]`)},
	{name: "nil is no default", fails: []string{"body/nil-elements"}, edits: edits("    if value is None and i > 0:\n", "    if value is None and i > 0 and i != 2:\n")},
	{name: "keys are strings", fails: []string{"payload/map-keys"}, edits: edits(`strict_map_key=False, `, ``)},
	{name: "keys can be hashed", fails: []string{"payload/container-keys"}, edits: edits("    except TypeError:  # a key that Python can't hash: legal in a payload\n        return pairs", "    except ZeroDivisionError:\n        return pairs")},
	{name: "a str is UTF-8", fails: []string{"body/invalid-utf-8", "payload/invalid-utf-8"}, edits: edits(`strict_map_key=False, unicode_errors="replace")`, `strict_map_key=False)`)},
	{name: "lengths are little-endian", fails: []string{"start/handshake"}, edits: edits(`struct.pack(">I", len(body))`, `struct.pack("<I", len(body))`)},
	{name: "a length counts itself", fails: []string{"start/handshake"}, says: "no answer to Initialize within", edits: edits(`struct.pack(">I", len(body))`, `struct.pack(">I", len(body) + 4)`)},
	{name: "a length is not checked", fails: []string{"violation/frame-length-huge", "violation/frame-length-text"}, edits: edits("    if not 1 <= size <= 16 << 20:\n        fatal(\"frame-length\")\n", ``)},
	{name: "a buffer is as large as a length promises", fails: []string{"violation/frame-length-huge"}, edits: edits("    if not 1 <= size <= 16 << 20:\n        fatal(\"frame-length\")\n", "    room = bytearray(b\"x\") * size\n    if not 1 <= size <= 16 << 20:\n        fatal(\"frame-length\")\n")},

	// What comes back.
	{name: "strings come back in upper case", fails: []string{"exchange/echo", "payload/str"}, edits: edits(theMethods, `dict.fromkeys(["", "echo"], lambda value: value.upper() if isinstance(value, str) else value)`)},
	{name: "bin comes back as str", fails: []string{"payload/bin"}, edits: edits(`msgpack.packb(message, unicode_errors="replace")`, `msgpack.packb(message, unicode_errors="replace", use_bin_type=False)`)},
	{name: "floats lose their precision", fails: []string{"payload/float64"}, edits: edits(`msgpack.packb(message, unicode_errors="replace")`, `msgpack.packb(message, unicode_errors="replace", use_single_float=True)`)},
	{name: "booleans come back as ints", fails: []string{"payload/bool"}, edits: edits(theMethods, `dict.fromkeys(["", "echo"], lambda value: int(value) if isinstance(value, bool) else value)`)},
	{name: "large ints come back as floats", fails: []string{"payload/int64", "payload/uint64"}, edits: edits(theMethods, `dict.fromkeys(["", "echo"], lambda value: float(value) if type(value) is int and abs(value) > 1 << 53 else value)`)},
	{name: "nil comes back as no value", fails: []string{"payload/nil"}, edits: edits(`finish(id, END, METHODS[method](value))`, `finish(id, END if value is not None else END | EMPTY, METHODS[method](value))`)},
	{name: "the end of a long payload is lost", fails: []string{"frame/large"}, says: "differ from byte", edits: edits(theMethods, `dict.fromkeys(["", "echo"], lambda value: value[:100000] if isinstance(value, (bytes, str)) else value)`)},
	{name: "an int over 2^31 comes back as a float", fails: []string{"payload/ints"}, edits: edits(`METHODS = {"": lambda value: value,`, `METHODS = {"": lambda value: float(value) if type(value) is int and value > 2**31 else value,`)},
	{name: "an empty map comes back as nil", fails: []string{"payload/map"}, edits: edits(`METHODS = {"": lambda value: value,`, `METHODS = {"": lambda value: value or None if isinstance(value, (dict, list)) else value,`)},

	// Handshake.
	{name: "a wrong version", fails: []string{"start/handshake"}, says: "a version out of", edits: edits(`about = {"version": 1,`, `about = {"version": 2,`)},
	{name: "no version", fails: []string{"start/handshake"}, says: "a version out of", edits: edits(`about = {"version": 1,`, `about = {`)},
	{name: "any version will do", fails: []string{"handshake/no-common-version"}, edits: edits(`if 1 not in versions:`, `if False:`)},
	{name: "no Exiting after unsupported_version", fails: []string{"handshake/no-common-version"}, edits: edits(`        send(12, 1, text)`+"\n", ``)},
	{name: "exit code 0 after unsupported_version", fails: []string{"handshake/no-common-version"}, edits: edits(`leave(1, text)`, `leave(0, text)`)},
	{name: "no error for unsupported_version", fails: []string{"handshake/no-common-version"}, edits: edits(`send(2, about | {"error": {"code": "unsupported_version", "message": text}})`, `send(2, about)`)},
	{name: "features that were not offered", fails: []string{"handshake/features", "handshake/one-feature"}, edits: edits(`"concurrency": AT_ONCE}`, `"concurrency": AT_ONCE, "features": ["credit", "cancel", "log", "host-call"]}`)},
	{name: "an unknown key kills it", fails: []string{"handshake/unknown-keys"}, edits: edits(`    largest = element([0,`, "    if not hello.keys() <= {'versions', 'worker', 'max_frame', 'window', 'concurrency', 'ping_interval_ms', 'ping_timeout_ms', 'features', 'log_level', 'config'}:\n        fatal('element-type')\n    largest = element([0,")},
	{name: "an unknown feature kills it", fails: []string{"handshake/unknown-features"}, edits: edits(`    largest = element([0,`, "    if not set(hello.get('features') or []) <= {'credit', 'cancel', 'log', 'host-call'}:\n        fatal('element-type')\n    largest = element([0,")},
	{name: "it speaks before the host does", fails: []string{"start/handshake"}, says: "Initialized as the first frame", edits: edits("ready = False\n", "ready = False\nsend(4, 0)\n")},
	{name: "a Log that nobody has asked for", fails: []string{"handshake/version"}, says: "no Log without the feature in force", edits: edits("            initialize(message)\n", "            initialize(message)\n            send(9, 'info', 0, 'ready')\n")},
	{name: "Initialized twice", fails: []string{"handshake/version"}, says: "Initialized once", edits: edits("            initialize(message)\n", "            initialize(message)\n            send(2, {'version': 1})\n")},
	{name: "a version that is a str", fails: []string{"start/handshake"}, edits: edits(`about = {"version": 1,`, `about = {"version": "1",`)},
	{name: "a max_frame that is too small", fails: []string{"start/handshake"}, edits: edits(`"concurrency": AT_ONCE}`, `"concurrency": AT_ONCE, "max_frame": 1000}`)},

	// Ping.
	{name: "a wrong Pong", fails: []string{"ping/seq", "ping/many"}, edits: edits(`send(4, element(message, 1, int, 0))`, `send(4, element(message, 1, int, 0) + 1)`)},
	{name: "no Pong", fails: []string{"ping/seq", "ping/many"}, edits: edits(`send(4, element(message, 1, int, 0))`, `pass`)},
	{name: "only the first Pong", fails: []string{"ping/seq", "ping/many"}, edits: edits(`            send(4, element(message, 1, int, 0))`, "            if not globals().get('ponged'):\n                send(4, element(message, 1, int, 0))\n            ponged = True")},
	{name: "two Pongs", fails: []string{"ping/seq"}, edits: edits(`send(4, element(message, 1, int, 0))`, `send(4, element(message, 1, int, 0)); send(4, message[1])`)},
	{name: "a Pong waits for a handler", fails: []string{"ping/busy-handlers"}, edits: sleepingWith(`threading.Thread(target=run, args=(id, *call), daemon=True).start()`, `run(id, *call)`)},
	{name: "a Pong waits for what a handler locks", fails: []string{"ping/busy-handlers"}, edits: sleepingWith("        finish(id, END, METHODS[method](value))\n", "        with state:\n            finish(id, END, METHODS[method](value))\n")},
	{name: "no Pong while shutting down", fails: []string{"shutdown/goes-on"}, edits: sleepingWith(`elif kind == 3:`, `elif kind == 3 and until is None:`)},
	{name: "a Pong with a str for its status", fails: []string{"ping/seq"}, edits: edits(`send(4, element(message, 1, int, 0))`, `send(4, element(message, 1, int, 0), "fine")`)},
	{name: "it leaves when no ping comes", fails: []string{"ping/lack"}, edits: edits("ready = False\n", "ready = False\nthreading.Timer(0.5, lambda: os._exit(1)).start()\n")},
	{name: "a Pong with a str for its seq", fails: []string{"ping/seq"}, edits: edits(`send(4, element(message, 1, int, 0))`, `send(4, str(element(message, 1, int, 0)))`)},
	{name: "a Pong after 12 s", fails: []string{"ping/seq"}, edits: edits(`send(4, element(message, 1, int, 0))`, `threading.Timer(12, send, (4, element(message, 1, int, 0))).start()`)},
	{name: "no Pong while an exchange is open", fails: []string{"ping/open-exchange"}, edits: edits(`elif kind == 3:`, `elif kind == 3 and not calls:`)},

	// Exchanges.
	{name: "two ENDs", fails: []string{"exchange/one-end", "exchange/echo"}, says: "another Output", edits: edits("            del calls[id]\n", "            del calls[id]\n            send(6, id, flags, None, payload)\n")},
	{name: "no END", fails: []string{"exchange/echo"}, edits: edits(`finish(id, END, METHODS[method](value))`, `finish(id, 0, METHODS[method](value))`)},
	{name: "a wrong id", fails: []string{"exchange/echo"}, says: "Outputs of exchanges that the host has opened", edits: edits(`send(6, id, flags, None, payload)`, `send(6, id + 2, flags, None, payload)`)},
	{name: "ids of 32 bits", fails: []string{"exchange/ids"}, edits: edits(`send(6, id, flags, None, payload)`, `send(6, id & 0xffffffff, flags, None, payload)`)},
	{name: "no answer at all", fails: []string{"exchange/echo"}, edits: edits(`finish(id, END, METHODS[method](value))`, `METHODS[method](value)`)},
	{name: "an Output with an element too many", fails: []string{"exchange/echo"}, says: "element-type", edits: edits(`send(6, id, flags, None, payload)`, `send(6, id, flags, None, payload, None)`)},
	{name: "an Output with a list for its meta", fails: []string{"exchange/echo"}, says: "element-type", edits: edits(`send(6, id, flags, None, payload)`, `send(6, id, flags, [], payload)`)},
	{name: "one exchange at a time", fails: []string{"exchange/interleaved", "exchange/overloaded"}, edits: sleepingWith(`AT_ONCE = 8 `, `AT_ONCE = 1 `, `"concurrency": AT_ONCE}`, `"concurrency": 8}`)},
	{name: "answers come in the order of the inputs", fails: []string{"deadline/handler"}, edits: sleepingWith("def run(id, method, value):\n    try:\n        finish(id, END, METHODS[method](value))\n",
		"turn = threading.Lock()\ndef run(id, method, value):\n    try:\n      with turn:\n        finish(id, END, METHODS[method](value))\n")},
	{name: "an unknown method is not answered", fails: []string{"exchange/unknown-method"}, edits: edits(`return end(id, "unknown_method", f"there is no method {method!r}")`, `return`)},
	{name: "an unknown method has failed", fails: []string{"exchange/unknown-method"}, edits: edits(`return end(id, "unknown_method",`, `return end(id, "failed",`)},
	{name: "an unknown method is the default one", fails: []string{"exchange/unknown-method", "exchange/reserved-method"}, edits: edits(`        if method not in METHODS:`+"\n", "        method = method if method in METHODS else ''\n        calls[id] = [method]\n        if method not in METHODS:\n")},
	{name: "an error that is no map", fails: []string{"exchange/unknown-method"}, edits: edits(`finish(id, END | ERROR, {"code": code, "message": text})`, `finish(id, END | ERROR, text)`)},
	{name: "an error without ERROR", fails: []string{"exchange/unknown-method"}, edits: edits(`finish(id, END | ERROR, {"code": code, "message": text})`, `finish(id, END, {"code": code, "message": text})`)},
	{name: "overload is not answered", fails: []string{"exchange/overloaded"}, edits: sleepingWith(`return end(id, "overloaded", f"{AT_ONCE} exchanges are open, which is the limit")`, `return`)},
	{name: "there is no limit", fails: []string{"exchange/overloaded"}, edits: sleepingWith(`if len(calls) > AT_ONCE:`, `if False:`)},
	{name: "an Input for what has ended kills it", fails: []string{"exchange/over", "exchange/behind-end"}, edits: edits(`return  # it has ended, or never was, or its input has: ignored`, `fatal("exchange-id")`)},
	{name: "an input that fails is not answered", fails: []string{"exchange/input-error"}, edits: edits(`if flags & ERROR or len(call) > 2`, `if len(call) > 2`)},
	{name: "an input without a value is not answered", fails: []string{"exchange/no-value"}, edits: edits(`or flags & END and len(call) < 2:`, `or False:`, `if flags & END:`, `if flags & END and len(call) == 2:`)},
	{name: "EMPTY is a value", fails: []string{"exchange/value-later", "exchange/meta-alone"}, edits: edits(`if not flags & (EMPTY | ERROR):`, `if not flags & ERROR:`)},
	{name: "an unknown flag kills it", fails: []string{"exchange/unknown-flags"}, edits: edits(`or flags < 0:`, `or flags < 0 or flags > 7:`)},
	{name: "an unknown key of meta kills it", fails: []string{"body/unknown-meta"}, edits: edits(`    if len(message) > 6 or flags < 0:`, `    if len(message) > 6 or flags < 0 or meta.keys() - {"timeout_ms", "traceparent", "tracestate"}:`)},
	{name: "Cancel kills it", fails: []string{"cancel/not-in-force"}, edits: edits(`        elif kind == 10:`, "        elif kind == 7:\n            fatal('order')\n        elif kind == 10:")},
	{name: "Credit kills it", fails: []string{"credit/not-in-force"}, edits: edits(`        elif kind == 10:`, "        elif kind == 8:\n            fatal('order')\n        elif kind == 10:")},
	{name: "Cancel ends an exchange that can't be cancelled", fails: []string{"cancel/not-in-force"}, edits: sleepingWith(`        elif kind == 10:`, "        elif kind == 7:\n            calls.pop(message[1], None)\n        elif kind == 10:")},
	{name: "a flag that means nothing", fails: []string{"exchange/echo"}, edits: edits(`send(6, id, flags, None, payload)`, `send(6, id, flags | 8, None, payload)`)},
	{name: "a code that is an int", fails: []string{"exchange/unknown-method"}, edits: edits(`{"code": code, "message": text}`, `{"code": 5, "message": text}`)},
	{name: "one more than the limit", fails: []string{"exchange/overloaded"}, edits: edits(`if len(calls) > AT_ONCE:`, `if len(calls) > AT_ONCE + 1:`)},
	{name: "one less than the limit", fails: []string{"exchange/overloaded"}, edits: edits(`if len(calls) > AT_ONCE:`, `if len(calls) >= AT_ONCE:`)},
	{name: "END does not free a place", fails: []string{"exchange/overloaded"}, edits: edits("            del calls[id]\n", "            calls[id, \"over\"] = calls.pop(id)\n")},

	// Unknown things.
	{name: "an unknown type kills it", fails: []string{"grease/unknown-types", "grease/types"}, edits: edits("        elif kind == 10:", "        elif not 1 <= kind < 112:\n            fatal('order')\n        elif kind == 10:")},
	{name: "an unknown type that is no grease kills it", fails: []string{"grease/unknown-types"}, edits: edits("        elif kind == 10:", "        elif 12 < kind < 112 or kind > 127:\n            fatal('order')\n        elif kind == 10:")},
	{name: "a type below 0 kills it", fails: []string{"grease/unknown-types"}, edits: edits("        elif kind == 10:", "        elif kind < 0:\n            fatal('order')\n        elif kind == 10:")},
	{name: "grease kills it", fails: []string{"grease/types", "grease/sample", "grease/large"}, edits: edits("        elif kind == 10:", "        elif 112 <= kind < 128:\n            fatal('order')\n        elif kind == 10:")},
	{name: "grease is answered", fails: []string{"grease/types"}, edits: edits("        elif kind == 10:", "        elif 112 <= kind < 128:\n            send(*message)\n            send(6, 1, END, None, None)\n        elif kind == 10:")},
	{name: "an element more kills it", fails: []string{"body/extra-elements"}, edits: edits("        elif kind == 3:\n", "        elif kind == 3 and len(message) > 2:\n            fatal('element-type')\n        elif kind == 3:\n")},
	{name: "an unknown type is answered", fails: []string{"grease/types", "grease/unknown-types"}, edits: edits(`        elif kind == 10:`, "        elif kind > 12:\n            send(6, 1, END | ERROR, None, {\"code\": \"failed\"})\n        elif kind == 10:")},

	// Deadlines.
	{name: "deadlines are not kept", fails: []string{"deadline/waiting", "deadline/handler"}, edits: sleepingWith(`            late.start()`, `            pass`)},
	{name: "a deadline that has passed is not seen", fails: []string{"deadline/past"}, edits: edits("            if left <= 0:\n                return end(id, \"deadline_exceeded\", \"the time was up when the request came\")\n", "            if left <= 0:\n                left = 60000\n")},
	{name: "a deadline ends with a wrong code", fails: []string{"deadline/waiting", "deadline/handler"}, edits: sleepingWith(`(id, "deadline_exceeded", "the time is up")`, `(id, "failed", "the time is up")`)},
	{name: "a deadline ends an exchange twice", fails: []string{"deadline/over", "deadline/late"}, edits: sleepingWith("        if id in calls:  # else it has ended already\n", "        if True:\n", "            del calls[id]\n", "            calls.pop(id, None)\n")},
	{name: "a timeout is in seconds", fails: []string{"deadline/waiting"}, edits: edits(`min(left / 1000, 1e6)`, `min(left, 1e6)`)},

	// Shutdown.
	{name: "no ShutdownAck", fails: []string{"shutdown/idle"}, edits: edits(`        send(11, len(calls))`, `        pass`)},
	{name: "ShutdownAck counts wrongly", fails: []string{"shutdown/goes-on"}, edits: sleepingWith(`send(11, len(calls))`, `send(11, 0)`)},
	{name: "ShutdownAck comes with the end", fails: []string{"shutdown/goes-on"}, edits: sleepingWith(`        send(11, len(calls))`+"\n", ``, `        send(12, 0, "shutdown")`, `        send(11, 0); send(12, 0, "shutdown")`)},
	{name: "no Exiting", fails: []string{"shutdown/idle"}, says: "Exiting", edits: edits(`send(12, 0, "shutdown")`, `pass`)},
	{name: "a frame after Exiting", fails: []string{"shutdown/idle"}, says: "Exiting", edits: edits(`send(12, 0, "shutdown")`, `send(12, 0, "shutdown"); send(11, 0)`)},
	{name: "Exiting twice", fails: []string{"shutdown/idle"}, says: "Exiting", edits: edits(`send(12, 0, "shutdown")`, `send(12, 0, "shutdown"); send(12, 0, "shutdown")`)},
	{name: "a wrong exit code", fails: []string{"shutdown/idle"}, edits: edits("        os._exit(0)", "        os._exit(3)")},
	{name: "another code than Exiting says", fails: []string{"shutdown/idle"}, edits: edits(`send(12, 0, "shutdown")`, `send(12, 7, "shutdown")`)},
	{name: "it lives on after Exiting", fails: []string{"shutdown/idle"}, edits: edits("        os._exit(0)", "        time.sleep(3600)")},
	{name: "in-flight inputs are dropped", fails: []string{"shutdown/goes-on", "shutdown/grace-over"}, edits: sleepingWith("        for id in list(calls):\n            end(id, \"canceled\", \"the worker is shutting down\")\n", "", `while calls and time.monotonic() < until:`, `while False:`)},
	{name: "in-flight inputs get no grace", fails: []string{"shutdown/goes-on", "shutdown/grace-over"}, edits: sleepingWith(`while calls and time.monotonic() < until:`, `while False:`)},
	{name: "at the end of the grace what is open gets no END", fails: []string{"shutdown/grace-over"}, edits: sleepingWith("        for id in list(calls):\n            end(id, \"canceled\", \"the worker is shutting down\")\n", "")},
	{name: "the grace has no end", fails: []string{"shutdown/grace-over"}, edits: sleepingWith(`while calls and time.monotonic() < until:`, `while calls:`)},
	{name: "the grace is always used up", fails: []string{"shutdown/idle"}, edits: edits(`while calls and time.monotonic() < until:`, `while time.monotonic() < until:`)},
	{name: "new inputs are taken while shutting down", fails: []string{"shutdown/goes-on"}, edits: sleepingWith("        if until:\n            return end(", "        if False:\n            return end(")},
	{name: "new inputs are not answered while shutting down", fails: []string{"shutdown/goes-on"}, edits: sleepingWith(`return end(id, "shutting_down", "no new requests are taken")`, `return`)},
	{name: "a second Shutdown is not acknowledged", fails: []string{"shutdown/shorter", "shutdown/longer"}, edits: sleepingWith("        send(11, len(calls))\n    if first:\n", "        if first:\n            send(11, len(calls))\n    if first:\n")},
	{name: "a second Shutdown does not replace the grace", fails: []string{"shutdown/shorter", "shutdown/longer"}, edits: sleepingWith(`first, until = until is None, time.monotonic() + grace`, `first, until = until is None, until or time.monotonic() + grace`)},
	{name: "a grace is in seconds", fails: []string{"shutdown/grace-over", "shutdown/shorter"}, edits: edits(`stop(element(message, 1, int, 0) / 1000)`, `stop(element(message, 1, int, 0))`)},
	{name: "Exiting comes before ShutdownAck", fails: []string{"shutdown/idle"}, edits: edits(`        send(11, len(calls))`, `        send(12, 0, "shutdown"); send(11, len(calls))`)},
	{name: "ShutdownAck twice", fails: []string{"shutdown/idle"}, edits: edits(`        send(11, len(calls))`, `        send(11, len(calls)); send(11, len(calls))`)},
	{name: "shutting down is called overload", fails: []string{"shutdown/goes-on"}, edits: edits(`end(id, "shutting_down",`, `end(id, "overloaded",`)},
	{name: "SIGTERM has a grace of 30 s", fails: []string{"shutdown/sigterm", "shutdown/sigterm-in-grace"}, edits: edits(`grace = 2 if until is None else min(2, until - time.monotonic())`, `grace = 30`)},

	// End of file.
	{name: "it outlives its host", fails: []string{"eof/idle"}, edits: edits(`return call(*args) or leave(69, "the host is gone")`, `return call(*args) or time.sleep(3600)`)},
	{name: "it exits with 0 when its host is gone", fails: []string{"eof/idle"}, edits: edits(`or leave(69, "the host is gone")`, `or leave(0, "the host is gone")`)},
	{name: "it waits for its handlers when its host is gone", fails: []string{"eof/busy-handler"}, edits: sleepingWith("def leave(code, line):\n", "def leave(code, line):\n    while code == 69 and calls:\n        time.sleep(0.01)\n")},
	{name: "it notices late that its host is gone", fails: []string{"eof/idle", "eof/in-grace"}, edits: edits(`or leave(69, "the host is gone")`, `or (time.sleep(20), leave(69, "the host is gone"))`)},
}

// lenient are workers that put up with a host that breaks a rule, or do not say it well: that is
// a warning, and no failure. Their fails are the cases that must warn.
var lenient = []mutant{
	{name: "it exits with 1", fails: []string{"violation/sender", "violation/body-rest"},
		edits: edits(`leave(65, `, `leave(1, `)},
	{name: "it does not name the rule", fails: []string{"violation/sender", "violation/frame-length-0"},
		edits: edits(`f"the host broke the rule {rule} of the kinwire protocol"`, `"what?"`)},
	{name: "it ignores what a parent may not send", fails: []string{"violation/sender"},
		edits: edits(`        fatal("sender")`, `        continue`)},
	{name: "it ignores what may not come yet, or again", fails: []string{"violation/order-twice"},
		edits: edits(`        fatal("order")`, `        continue`)},
	{name: "it takes any id", fails: []string{"violation/exchange-id-even"},
		edits: edits(`(id % 2 == 0 or id in calls)`, `id in calls`)},
	{name: "it takes any max_frame", fails: []string{"violation/max-frame"},
		edits: edits(`if largest < 4096:`, `if largest < 1:`)},
}

// unusual are workers that keep the rules as few do.
var unusual = []mutant{
	{name: "short forms", edits: edits(
		"        finish(id, END, METHODS[method](value))\n", `        with state:
            if id in calls:  # a value, and then END
                if send(6, id, 0, {"a.b": [1, {}], "c": None}, METHODS[method](value)):
                    finish(id, END | EMPTY, None)
                else:
                    end(id, "too_large", "the answer is larger than the parent accepts")
`,
		`send(4, element(message, 1, int, 0))`, `send(4, element(message, 1, int, 0), {"in_flight": 0.0, "stuck_ms": None, "mood": {"a": [None]}}, "more")`,
		`send(12, 0, "shutdown")`, `send(12)`,
		`"concurrency": AT_ONCE}`, `"concurrency": float(AT_ONCE), "build": None, "window": 0, "max_frame": None, "features": [], "x.y": {"a": {1: 2}}}`)},
	{name: "takes its time", edits: edits(
		"def leave(code, line):\n", "def leave(code, line):\n    time.sleep(0.8)\n",
		`        send(12, 0, "shutdown")`, "        time.sleep(0.8)\n"+`        send(12, 0, "shutdown")`,
		"    send(2, about)\n\nsource", "    time.sleep(1)\n    send(2, about)\n\nsource",
		"        finish(id, END, METHODS[method](value))\n", "        time.sleep(id * 7919 % 30 / 1000)\n        finish(id, END, METHODS[method](value))\n")},
	{name: "greases", edits: edits(
		"def send(*message):  # reports", `def send(*message):
    if message[0] not in (2, 12):
        send_one(112, {1: b"x"}, [[]], None)
    return send_one(*message)

def send_one(*message):  # reports`,
		`frame = frame[attempt(os.write, sink, frame):]`, `frame = frame[attempt(os.write, sink, frame[:len(frame) // 2 + 1]):]`)},
}
