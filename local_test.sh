#!/bin/sh
# Set up what the tests need, then run the checks and every test. Arguments go to pytest: ./local_test.sh -k likes
set -eu

here=$0
while [ -L "$here" ]; do
    target=$(readlink "$here")
    case $target in /*) here=$target ;; *) here=$(dirname "$here")/$target ;; esac
done
CDPATH='' cd -- "$(dirname -- "$here")"

# Print the browser that the tests shall drive, or nothing.
find_chromium() {
    for candidate in ${CHROMIUM:+"$CHROMIUM"} chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$candidate" && return
    done
    return 0
}

./local_setup.sh --dev
CHROMIUM=$(find_chromium)
export CHROMIUM
if [ -z "$CHROMIUM" ]; then
    echo "local_test.sh: no Chromium here, so the tests in a browser are skipped (set CHROMIUM to its path)" >&2
    [ -z "${CI:-}" ] || exit 1
fi

.venv/bin/python -m ruff check
.venv/bin/python -m ruff format --check
.venv/bin/python -m mypy
run_tests() { .venv/bin/python -m pytest --numprocesses 2 "$@"; }

postgres=${TEST_POSTGRES_URL:-}
unset TEST_POSTGRES_URL
run_tests "$@"
if [ -n "$postgres" ]; then
    echo "Once more, on PostgreSQL"
    TEST_POSTGRES_URL=$postgres
    export TEST_POSTGRES_URL
    # These have a database of their own, or none.
    run_tests --ignore tests/browser --ignore tests/test_house.py --ignore tests/test_scripts.py "$@"
fi
