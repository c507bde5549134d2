"""Blogs of other systems, read from folders of Markdown. All but `run` is pure and knows no database."""
