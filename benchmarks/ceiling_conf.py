"""The site's own server settings, without the site."""

import runpy
from pathlib import Path

_settings = runpy.run_path(str(Path(__file__).parent.parent / "deploy" / "gunicorn.conf.py"))
globals().update({name: value for name, value in _settings.items() if name.islower() and not name.startswith("_")})
del globals()["post_worker_init"]
wsgi_app = "benchmarks.ceiling_app:app"
proc_name = "ceiling"
