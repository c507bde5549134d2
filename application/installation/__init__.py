"""From a fresh checkout to a site that runs: secrets, Redis, tables, first administrator, first articles."""
