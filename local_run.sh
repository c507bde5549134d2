#!/bin/sh
# Set up whatever is missing and run the whole site in the foreground: a Redis if none is there, gunicorn, Celery's
# worker and beat. Ctrl-C ends all of it. docs/operations.md lists the settings.
set -eu

started_in=$(pwd)
here=$0
while [ -L "$here" ]; do
    target=$(readlink "$here")
    case $target in /*) here=$target ;; *) here=$(dirname "$here")/$target ;; esac
done
CDPATH='' cd -- "$(dirname -- "$here")"

# Print a setting from the environment, else from run.env, else its default.
setting() {
    eval "value=\${$1:-}"
    if [ -z "$value" ] && [ -f db_directory/run.env ]; then
        value=$(sed -n "s/^$1=['\"]\{0,1\}\([^'\"]*\).*/\1/p" db_directory/run.env)
    fi
    printf '%s\n' "${value:-$2}"
}

# A taken port is told before a minute is spent on packages. It needs a Python, any; setup says what is wrong with that.
for python in .venv/bin/python ${PYTHON:+"$PYTHON"} python3; do
    if "$python" -c '' 2>/dev/null; then
        status=0
        "$python" application/installation/ports.py "$(setting HOST 127.0.0.1)" "$(setting PORT 8080)" || status=$?
        [ "$status" -ne 4 ] || exit 1
        break
    fi
done

./local_setup.sh
plan=$(.venv/bin/python -m application.installation prepare --from "$started_in")
# The plan goes through a pipe and not through a file or the environment: it may hold the administrator's first password.
exec .venv/bin/python deploy/supervise.py <<PLAN
$plan
PLAN
