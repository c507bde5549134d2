"""Statements as the figures have them: of this test's own making."""

from application.measuring.window import Spent, Window


def window_of(*texts: str, calls: int = 1) -> Window:
    """Return a window in which these were asked, each after the first taking a millisecond less."""
    spans = [Spent("db", text, calls, 100.0 - n, (100.0 - n) / calls, 100.0 - n) for n, text in enumerate(texts)]
    return Window("hour", 1, 2, 0, 0, [], [*spans, Spent("data", "get_day", 1, 9, 9, 9)], [])
