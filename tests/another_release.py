"""The site as another release: the same files under an id that `RELEASE` in the environment names.

Run as `tests.another_release:app`.
"""

import os

from application import config, create_app


def _id(*_: object) -> str:
    return os.environ["RELEASE"]


config.release_id = _id
app = create_app()
