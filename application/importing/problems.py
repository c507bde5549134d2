"""What can be wrong with a file, said so that its writer can mend it."""


class ImportProblem(Exception):  # noqa: N818 - it is reported, it does not end anything
    """A file cannot be imported; `line` counts from 1 where it is known."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}" if self.line else self.reason
