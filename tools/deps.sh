#!/usr/bin/env bash
# Sets up what the SDKs for Python and Node, their examples and their tests need: the virtual
# environment .venv and the directory node_modules, both at the root of the tree, from locked
# versions. Nothing is installed elsewhere. What is up to date costs no time and no network, and
# what a broken run has left behind is made anew.
#
#	tools/deps.sh [python] [node]          sets up these languages, or both
#	tools/deps.sh --check [python] [node]  only says which programs are missing for it
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

# What would make Python look elsewhere than in the virtual environment.
unset PYTHONPATH PYTHONHOME PIP_TARGET PIP_PREFIX
export PIP_USER=0 PIP_NO_INPUT=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

python=${PYTHON:-python3}
check=0
if [ "${1:-}" = --check ]; then
	check=1
	shift
fi
languages="${*:-python node}"

wants() { # wants LANGUAGE
	case " $languages " in *" $1 "*) ;; *) return 1 ;; esac
}

missing=0
lacks() { # lacks WHAT DEBIAN FEDORA MACOS
	{
		echo "missing: $1"
		printf '  %-15s %s\n' 'Debian, Ubuntu:' "apt install $2" Fedora: "dnf install $3" macOS: "brew install $4"
	} >&2
	missing=1
}

version() { # version PROGRAM: what it says of itself, or that there is none
	if command -v "$1" >/dev/null 2>&1; then
		echo "$(command -v "$1") is $("$1" --version 2>&1 | head -n 1)"
	else
		echo "there is no $1"
	fi
}

check_python() {
	if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; then
		lacks "Python 3.9 or newer ($(version "$python"))" 'python3 python3-venv' python3 python
	elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
		lacks "venv and ensurepip, parts of Python ($(version "$python"))" python3-venv python3 python
	fi
}

check_node() {
	if ! node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' 2>/dev/null; then
		lacks "Node 18 or newer ($(version node)); if the package is older: https://nodejs.org" 'nodejs npm' 'nodejs npm' node
	elif ! npm --version >/dev/null 2>&1; then
		lacks "npm ($(version npm))" npm npm node
	fi
}

# A stamp holds what something was made from, as it was then.
stamped() { # stamped FILE TEXT
	[ -f "$1" ] && [ "$(cat "$1")" = "$2" ]
}

deps_python() {
	local made_from
	made_from=$(
		echo "in $PWD by $(version "$python")"
		cat tools/requirements.txt sdk/python/pyproject.toml
	)
	if stamped .venv/.made-from "$made_from" && .venv/bin/python -c 'import kinwire' 2>/dev/null; then
		echo 'python: up to date'
		return
	fi
	echo 'python: making .venv'
	rm -rf .venv
	"$python" -m venv .venv
	.venv/bin/python -m pip install --quiet --require-hashes -r tools/requirements.txt
	# In place, and with what is there already: the tool that builds it is locked, too.
	.venv/bin/python -m pip install --quiet --no-index --no-deps --no-build-isolation -e sdk/python
	.venv/bin/python -c 'import kinwire'
	# Nobody else does it where PYTHONDONTWRITEBYTECODE is set, and it halves the start of a worker.
	.venv/bin/python -m compileall -q sdk/python/src
	printf '%s' "$made_from" >.venv/.made-from
	echo 'python: ready'
}

deps_node() {
	local made_from built_from
	made_from=$(
		version node
		cat package.json package-lock.json sdk/node/package.json
	)
	built_from=$(
		echo "$made_from"
		find sdk/node/src sdk/node/tsconfig*.json -type f | LC_ALL=C sort | while read -r file; do
			echo "$file"
			cat "$file"
		done
	)
	if stamped node_modules/.made-from "$made_from" && stamped sdk/node/dist/.built-from "$built_from"; then
		echo 'node: up to date'
		return
	fi
	# npm wants a cache that it can write to, also where there is no home.
	if [ -z "${npm_config_cache:-}" ] && { [ ! -d "${HOME:-}" ] || ! mkdir -p "$HOME/.npm" 2>/dev/null; }; then
		export npm_config_cache="${TMPDIR:-/tmp}/kinwire-npm-$(id -u)"
	fi
	if ! stamped node_modules/.made-from "$made_from"; then
		echo 'node: making node_modules'
		npm ci --include=dev --ignore-scripts --no-audit --no-fund --loglevel=error
		printf '%s' "$made_from" >node_modules/.made-from
	fi
	echo 'node: building sdk/node'
	rm -rf sdk/node/dist
	if ! npm run --silent build --workspace=sdk/node; then
		rm -rf sdk/node/dist # half of it would look like all of it
		exit 1
	fi
	printf '%s' "$built_from" >sdk/node/dist/.built-from
	echo 'node: ready'
}

for language in $languages; do
	case $language in
	python | node) "check_$language" ;;
	*)
		echo "no language is called $language: python, node" >&2
		exit 2
		;;
	esac
done
if ((missing)); then
	exit 1
fi
if ((check)); then
	exit
fi
finished=0
trap '((finished)) || echo "deps: not finished; the next run begins where this one failed" >&2' EXIT
if wants python; then deps_python; fi
if wants node; then deps_node; fi
finished=1
