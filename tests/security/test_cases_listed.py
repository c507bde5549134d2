"""Every case is in docs/security.md, with the file that has its tests."""

import re

from application.config import ROOT

CASES = 36


def test_every_case_has_a_test_where_the_document_says() -> None:
    table = (ROOT / "docs/security.md").read_text("utf-8").partition("## What waits")[0]
    named = {int(number): file for number, file in re.findall(r"^\| (\d+) \|.*`(test_cases_\w+)`", table, re.MULTILINE)}
    assert sorted(named) == list(range(1, CASES + 1))
    for number, file in named.items():
        source = (ROOT / f"tests/security/{file}.py").read_text("utf-8")
        assert f"def test_{number:02}_" in source, f"case {number} has no test in {file}"
