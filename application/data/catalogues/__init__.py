"""What each database knows of its own tables and indexes, in its own tongue."""
