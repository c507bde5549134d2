"""What the site costs and gives, measured: each module is a command, see `docs/benchmarks.md`."""
