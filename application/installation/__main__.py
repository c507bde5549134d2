"""`python -m application.installation prepare` makes a checkout ready to run; `check` asks whether its Redis answers.

What `prepare` prints on standard output is for deploy/supervise.py; what it says to a person goes to standard error.
"""

import argparse
import json
import sys
from pathlib import Path

from application.config import SettingsError, load_settings
from application.installation.prepare import prepare
from application.installation.problems import InstallationProblem
from application.installation.redis_choice import find_silent


def main() -> int:
    """Do what the arguments ask for; say in one line what is wrong."""
    arguments = _parse_arguments()
    try:
        if arguments.command == "check":
            _check()
        else:
            print(json.dumps(prepare(Path(arguments.started_in))))
    except SettingsError as error:
        return _fail(f"the settings are not right: {error}")
    except InstallationProblem as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return 130
    return 0


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m application.installation", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check")
    commands.add_parser("prepare").add_argument("--from", dest="started_in", default=".")
    return parser.parse_args()


def _check() -> None:
    silent = find_silent(load_settings())
    if silent:
        raise InstallationProblem(
            f"{silent}\nStart the site with ./local_run.sh, or set REDIS_URL to a Redis that runs."
        )


def _fail(message: str) -> int:
    print(f"Broadsheet cannot start: {message}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
