#!/usr/bin/env bash
# Runs every fuzz target of every package of the module in the current directory, each for
# $FUZZTIME (5s by default). Stops at the first target that fails.
set -euo pipefail

fuzztime=${FUZZTIME:-5s}

# go test -list prints the targets of a package and then its "ok" line. A package that
# does not compile prints something else, and fails the listing.
if ! list=$(go test -list '^Fuzz' ./...); then
	printf '%s\n' "$list" >&2
	exit 1
fi
targets=$(awk '/^Fuzz/ { names[n++] = $1 }
	/^ok/ { for (i = 0; i < n; i++) print $2, names[i]; n = 0 }' <<<"$list")

if [[ -z $targets ]]; then
	echo "no fuzz targets"
	exit 0
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# fuzz PACKAGE TARGET runs one target, and leaves what it printed in $log.
fuzz() {
	go test -run '^$' -fuzz "^$2\$" -fuzztime "$fuzztime" "$1" >"$log" 2>&1
}

# late tells whether the run failed only in that the time was up: before Go 1.27 the
# fuzzer now and then reports that as a failure (go.dev/issue/75804). A real find comes
# with the failing input.
late() {
	grep -qx '    context deadline exceeded' "$log" &&
		! grep -qE 'Failing input written|^panic:|failure while testing seed' "$log"
}

while read -r package target; do
	tries=0
	until fuzz "$package" "$target"; do
		tries=$((tries + 1))
		if ((tries < 3)) && late; then
			echo "$target: the fuzzer missed its own deadline (go.dev/issue/75804); again"
			continue
		fi
		cat "$log"
		echo "FAIL $package $target" >&2
		exit 1
	done
	printf '%-32s %s\n' "$target" "$(grep '^fuzz: elapsed' "$log" | tail -n 1)"
	grep '^ok' "$log"
done <<<"$targets"
