#!/usr/bin/env bash
# Measures what docs/performance.md shows: measure.sh. It writes the figures and the plots
# beside itself, and the tables into the document, between their comments. Nothing else
# should run meanwhile. $BENCHFLAGS are for the table of ratios, and $SWEEPFLAGS for the plots.
# Counting system calls needs perf, and mostly root; without, that table stays as it is.
#
# measure.sh PART... measures only those: ratios, plots, calls, idle, pool, languages.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bench=$here/../../bench
doc=$here/../performance.md
parts=" ${*:-ratios plots calls idle pool languages} "
read -ra benchflags <<<"${BENCHFLAGS:--d 1s -rounds 9}"
read -ra sweepflags <<<"${SWEEPFLAGS:--d 300ms -rounds 5}"

# into NAME puts what it reads between the comments of that name in the document.
into() {
	local text
	text=$(cat)
	if [[ -z $text ]]; then
		echo "measure.sh: nothing was measured for $1" >&2
		exit 1
	fi
	TEXT=$text awk -v name="$1" '
		$0 == "<!-- end of " name " -->" { inside = 0 }
		!inside { print }
		$0 == "<!-- " name " -->" { inside = 1; print "\n" ENVIRON["TEXT"] "\n" }
	' "$doc" >"$doc.new"
	mv "$doc.new" "$doc"
}

# fields are functions of awk, for the lines of JSON that bench prints.
fields='
	function text(key) { return match($0, "\"" key "\":\"[^\"]*") ? substr($0, RSTART + length(key) + 4, RLENGTH - length(key) - 4) : "" }
	function number(key) { return match($0, "\"" key "\":[0-9.e+]*") ? substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3) : 0 }
'

machine() {
	local memory="-"
	if [[ -r /proc/sys/net/core/wmem_max ]]; then
		memory="$(($(cat /proc/sys/net/core/wmem_max) >> 10)) KiB"
	fi
	echo "$(go env GOVERSION) on $(uname -s) $(uname -r | cut -d. -f1,2), $(go env GOARCH)," \
		"$(getconf _NPROCESSORS_ONLN) processors, net.core.wmem_max $memory."
}

# ratios makes the table of the lines of JSON that bench prints.
ratios() {
	awk "$fields"'
		function column(title, key, workload, yardstick) {
			titles[++columns] = title; keys[columns] = key; workloads[columns] = workload; yardsticks[columns] = yardstick
		}
		BEGIN {
			column("64 B, mean", "ns_per_call", "rtt-64B", "raw-blocking")
			column("64 B, p50", "p50_ns", "rtt-64B", "raw-blocking")
			column("1 MiB", "ns_per_call", "rtt-1MiB-reused", "raw-blocking")
			column("1 MiB, fresh result", "ns_per_call", "rtt-1MiB", "raw-blocking")
			column("start", "ns_per_call", "start", "raw-blocking")
			column("64 x 64 B", "ns_per_call", "pipe64-64B", "raw-mux")
			column("64 x 1 KiB", "ns_per_call", "pipe64-1KiB", "raw-mux")
			column("4 x 1 MiB", "ns_per_call", "pipe4-1MiB", "raw-mux")
			column("stream", "ns_per_call", "stream-64KiB", "raw-mux")
		}
		{
			for (i = 1; i <= columns; i++)
				of[text("peer"), text("workload"), keys[i]] = number(keys[i])
		}
		END {
			row = "| |"; line = "|---|"; against = "| *against* |"
			for (i = 1; i <= columns; i++) {
				row = row " " titles[i] " |"; line = line "---:|"; against = against " *" yardsticks[i] "* |"
			}
			print row; print line; print against
			n = split("raw-blocking raw-pipes raw-mux kinwire-socketpair kinwire-socketpair-spin kinwire-stdio net-rpc ttrpc go-plugin-netrpc go-plugin-grpc", peers, " ")
			for (p = 1; p <= n; p++) {
				name = peers[p]
				row = name ~ /^kinwire/ ? "| **" name "** |" : "| " name " |"
				for (i = 1; i <= columns; i++) {
					ours = of[name, workloads[i], keys[i]]; theirs = of[yardsticks[i], workloads[i], keys[i]]
					row = row (ours > 0 && theirs > 0 ? sprintf(" %.2f |", ours / theirs) : " |")
				}
				print row
			}
		}
	' "$here/figures.json"
}

# calls makes the table of what the system does for a call, on both sides together. How many
# calls there were is what bench says of the time after the warm-up.
calls() {
	local tmp traced peer workload event events
	tmp=$(mktemp -d)
	traced="sendmsg recvfrom writev read write ppoll"
	events="context-switches,raw_syscalls:sys_enter"
	for event in $traced; do
		events+=",syscalls:sys_enter_$event"
	done
	(cd "$bench" && go build -o "$tmp/bench" .)
	echo '| workload | transport | to send | to receive | to wait | of the Go runtime | context switches |'
	echo '|---|---|---:|---:|---:|---:|---:|'
	for workload in rtt-64B pipe64-64B rtt-1MiB-reused; do
		for peer in kinwire-socketpair kinwire-stdio; do
			perf stat -x, -o "$tmp/count" -e "$events" -- \
				"$tmp/bench" -json -rounds 1 -d 3s -peer $peer -workload $workload >"$tmp/result"
			awk -F, -v workload=$workload -v peer=$peer '
				FNR == NR { match($0, /"ns_per_call":[0-9.]+/); n = 3.6e9 / substr($0, RSTART + 14, RLENGTH - 14); next }
				{ sub(/syscalls:sys_enter_/, "", $3); count[$3] = $1 / n }
				END {
					pipes = peer ~ /stdio/
					send = pipes ? count["writev"] : count["sendmsg"]
					# The runtime reads and writes too, to wake itself: as often one as the other.
					receive = pipes ? count["read"] - count["write"] : count["recvfrom"]
					wait = count["ppoll"]
					all = count["raw_syscalls:sys_enter"]
					sub(/kinwire-/, "", peer)
					printf "| %s | %s | %.2f | %.2f | %.2f | %.2f | %.2f |\n", workload, peer,
						send, receive, wait, all - send - receive - wait, count["context-switches"]
				}
			' "$tmp/result" "$tmp/count"
		done
	done
	rm -r "$tmp"
}

# idle shows what the command of that name prints.
idle() {
	echo '```text'
	(cd "$bench" && go run ./idle -workers 1000)
	echo '```'
}

# pool makes the table of what a pool adds.
pool() {
	echo '| | beside | multiple |'
	echo '|---|---|---:|'
	(cd "$bench" && go run . -json "${benchflags[@]}" -peer raw-blocking,kinwire-socketpair,kinwire-pool -workload rtt-64B,pipe64-64B,start-16) | awk "$fields"'
		{ of[text("peer"), text("workload")] = number("ns_per_call") }
		function row(what, workload, yardstick) {
			printf "| %s | %s | %.2f |\n", what, yardstick, of["kinwire-pool", workload] / of[yardstick, workload]
		}
		END {
			row("64 B, a pool of one worker", "rtt-64B", "kinwire-socketpair")
			row("64 x 64 B, a pool of one worker", "pipe64-64B", "kinwire-socketpair")
			row("16 workers until all are ready, beside as many bare processes", "start-16", "raw-blocking")
		}'
}

# languages makes the table of workers in other languages.
languages() {
	echo '| | beside | mean | p50 |'
	echo '|---|---|---:|---:|'
	(cd "$bench" && go run . -json "${benchflags[@]}" -peer kinwire-python,mp-pipe,kinwire-node,child-process-send -workload rtt-64B,rtt-1MiB,pipe64-64B) | awk "$fields"'
		{
			of[text("peer"), text("workload"), "mean"] = number("ns_per_call")
			of[text("peer"), text("workload"), "p50"] = number("p50_ns")
		}
		function row(what, workload, peer, yardstick) {
			printf "| %s | %s | %.2f | %.2f |\n", what, yardstick,
				of[peer, workload, "mean"] / of[yardstick, workload, "mean"], of[peer, workload, "p50"] / of[yardstick, workload, "p50"]
		}
		END {
			row("Python, 64 B", "rtt-64B", "kinwire-python", "mp-pipe")
			row("Python, 1 MiB", "rtt-1MiB", "kinwire-python", "mp-pipe")
			row("Node, 64 B", "rtt-64B", "kinwire-node", "child-process-send")
			row("Node, 64 x 64 B", "pipe64-64B", "kinwire-node", "child-process-send")
		}'
}

has() { [[ $parts == *" $1 "* ]]; }

if has ratios; then
	(cd "$bench" && go run . -json "${benchflags[@]}") >"$here/figures.json"
	ratios | into ratios
	machine | into machine
fi
if has plots; then
	(cd "$bench" && go run . -sweep -json "${sweepflags[@]}") >"$here/sweep.json"
	(cd "$bench" && go run ./plot "$here")
fi
if has idle; then
	idle | into idle
fi
if has pool; then
	pool | into pool
fi
if has languages; then
	languages | into languages
fi
if has calls; then
	if command -v perf >/dev/null && perf stat -e raw_syscalls:sys_enter true >/dev/null 2>&1; then
		calls | into calls
	else
		echo "measure.sh: perf can't count system calls here, so the table of them is as it was" >&2
	fi
fi
