"""Backup and restore: the whole site as one file, taken and given back while the site runs."""
