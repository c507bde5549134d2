#!/bin/sh
# Run Celery's beat in the foreground: the clock that starts scheduled jobs. One a site is enough.
set -eu

here=$0
while [ -L "$here" ]; do
    target=$(readlink "$here")
    case $target in /*) here=$target ;; *) here=$(dirname "$here")/$target ;; esac
done
CDPATH='' cd -- "$(dirname -- "$here")"

if [ ! -x .venv/bin/python ]; then
    echo "local_beat.sh: there is no .venv here yet; run ./local_setup.sh first" >&2
    exit 1
fi
.venv/bin/python -m application.installation check
exec .venv/bin/python -m celery --quiet --app main:celery beat --loglevel INFO --schedule db_directory/beat-schedule --pidfile db_directory/beat.pid "$@"
