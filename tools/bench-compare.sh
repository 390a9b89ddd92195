#!/usr/bin/env bash
# Compares two commits: bench-compare.sh OLD [NEW]. Without NEW, the working tree is measured
# as it is. Each is measured $ROUNDS times (10 by default), in turn, so that a slow minute of
# the machine hits both; benchstat says which differences are more than noise. $BENCHFLAGS
# are bench's: which peers, which workloads, and for how long.
#
# Both are measured by the same bench, that of NEW. If it does not compile with OLD, since it
# uses what came later, OLD is measured by its own.
set -euo pipefail

if (($# < 1 || $# > 2)); then
	echo "usage: ${0##*/} OLD [NEW]" >&2
	exit 2
fi
rounds=${ROUNDS:-10}
read -ra flags <<<"${BENCHFLAGS:--d 300ms -peer kinwire-socketpair,kinwire-stdio}"
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)

cleanup() {
	for tree in old new; do
		if [[ -d $work/$tree ]]; then
			git -C "$root" worktree remove --force "$work/$tree"
		fi
	done
	rm -rf "$work"
}
trap cleanup EXIT

# checkout NAME REF makes a tree of a commit.
checkout() {
	git -C "$root" worktree add --quiet --detach "$work/$1" "$2"
}

# build NAME BENCH compiles the bench that is in the directory BENCH.
build() {
	(cd "$2" && go build -o "$work/$1.bin" .)
}

new=$root
if (($# == 2)); then
	checkout new "$2"
	new=$work/new
fi
checkout old "$1"
build new "$new/bench"
mv "$work/old/bench" "$work/old/bench.own"
cp -R "$new/bench" "$work/old/bench"
if ! build old "$work/old/bench"; then
	echo "The bench of ${2:-the working tree} does not compile with $1, which is measured by its own." >&2
	build old "$work/old/bench.own"
fi

for ((round = 1; round <= rounds; round++)); do
	for name in old new; do
		"$work/$name.bin" -gobench -rounds 1 "${flags[@]}" >>"$work/$name.txt"
	done
	printf 'round %d of %d\n' "$round" "$rounds" >&2
done
cd "$root"
go tool -modfile="$root/tools/go.mod" benchstat -filter '.unit:(ns/op OR p50-ns)' "old=$work/old.txt" "new=$work/new.txt"
