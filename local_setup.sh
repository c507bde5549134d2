#!/bin/sh
# Make .venv and install the pinned packages into it; `--dev` adds what the tests and the checks need, `--audit` what
# `flask audit` needs (with npm).
# Running it again takes a moment, needs no network and changes nothing.
set -eu

here=$0
while [ -L "$here" ]; do
    target=$(readlink "$here")
    case $target in /*) here=$target ;; *) here=$(dirname "$here")/$target ;; esac
done
CDPATH='' cd -- "$(dirname -- "$here")"

say() { printf '%s\n' "$*"; }
fail() {
    printf 'local_setup.sh: %s\n' "$*" >&2
    exit 1
}

# Print the first interpreter that can make a virtual environment, or fail with what is wrong with those that are here.
find_python() {
    old='' bare=''
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.11 python3.12 python3.13 python3.14 python3.15; do
        version=$("$candidate" -c 'import platform; print(platform.python_version())' 2>/dev/null) || continue
        if ! "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
            old="$old $candidate is $version;"
        elif ! "$candidate" -c 'import venv, ensurepip' 2>/dev/null; then
            bare=$candidate
        else
            say "$candidate"
            return
        fi
    done
    [ -z "$bare" ] || fail "$bare cannot make a virtual environment: its venv and ensurepip modules are missing." \
        "On Debian and Ubuntu: apt install python3-venv"
    [ -z "$old" ] || fail "Python 3.11 or newer is needed, but${old%;}. Name a newer one: PYTHON=/path/to/python ./local_setup.sh"
    fail "Python 3.11 or newer is needed, and there is no python3 here. Name one: PYTHON=/path/to/python ./local_setup.sh"
}

# A run that was interrupted, a Python that was upgraded and a folder that was moved each leave a .venv that does not work.
is_sound() {
    [ -x .venv/bin/python ] || return 1
    .venv/bin/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || return 1
    [ ! -f .venv/made-at ] || [ "$(cat .venv/made-at)" = "$(CDPATH='' cd .venv && pwd -P)" ]
}

make_venv() {
    python=$(find_python)
    [ ! -e .venv ] || say "Making .venv again: the one that is here does not work."
    rm -rf .venv
    say "Making .venv with $python"
    "$python" -m venv .venv || fail "$python could not make .venv in $(pwd)"
    (CDPATH='' cd .venv && pwd -P >made-at)
}

# The note is written after pip succeeded, so that an interrupted installation is done again.
install() {
    note=.venv/installed-$1
    sum=$(cksum <"$1")
    [ ! -f "$note" ] || [ "$(cat "$note")" != "$sum" ] || return 0
    say "Installing $1 into .venv (once; it takes a minute)"
    PIP_USER=0 .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --requirement "$1" ||
        fail "pip could not install $1; its reason is above. Is there a way to the network?"
    printf '%s\n' "$sum" >"$note"
}

# What `flask audit` runs: exactly what the lock file names.
install_audit() {
    command -v npm >/dev/null || fail "npm is not here. On Debian: apt install nodejs npm"
    sum=$(cat deploy/audit/package.json deploy/audit/package-lock.json | cksum)
    [ ! -f .venv/audit/installed ] || [ "$(cat .venv/audit/installed)" != "$sum" ] || return 0
    say "Installing deploy/audit into .venv/audit (once; it takes a minute)"
    mkdir -p .venv/audit
    cp deploy/audit/package.json deploy/audit/package-lock.json .venv/audit/
    (cd .venv/audit && npm ci --no-audit --no-fund --loglevel=error </dev/null >/dev/null) ||
        fail "npm could not install deploy/audit; its reason is above. Is there a way to the network?"
    printf '%s\n' "$sum" >.venv/audit/installed
}

is_sound || make_venv
install requirements.txt
case ${1:-} in
'') ;;
--dev)
    install requirements-dev.txt
    # Who has no npm is told so by what needs it.
    if command -v npm >/dev/null; then install_audit; fi
    ;;
--audit) install_audit ;;
*) fail "unknown argument $1; there are only --dev and --audit" ;;
esac
