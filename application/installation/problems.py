"""What keeps a site from starting, said to the person at the terminal."""


class InstallationProblem(Exception):  # noqa: N818 - it is shown as a sentence, without its name
    """The site cannot start; the text says plainly what is wrong and what to change."""
