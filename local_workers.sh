#!/bin/sh
# Run a Celery worker in the foreground. Arguments go to `celery worker`: ./local_workers.sh --concurrency 8
set -eu

here=$0
while [ -L "$here" ]; do
    target=$(readlink "$here")
    case $target in /*) here=$target ;; *) here=$(dirname "$here")/$target ;; esac
done
CDPATH='' cd -- "$(dirname -- "$here")"

if [ ! -x .venv/bin/python ]; then
    echo "local_workers.sh: there is no .venv here yet; run ./local_setup.sh first" >&2
    exit 1
fi
.venv/bin/python -m application.installation check
# The web's processes keep their figures for Prometheus there too.
PROMETHEUS_MULTIPROC_DIR=${PROMETHEUS_MULTIPROC_DIR:-$PWD/db_directory/metrics}
export PROMETHEUS_MULTIPROC_DIR
exec .venv/bin/python -m celery --quiet --app main:celery worker --loglevel INFO --concurrency 2 --without-gossip --without-mingle "$@"
