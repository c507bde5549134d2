"""Stray words: kept for whoever holds their key, and never so many that strangers could fill the disk."""

from datetime import timedelta

import pytest
from flask import Flask

from application.data.data_access import get_strays
from application.data.errors import Invalid
from application.data.operations import stray_words
from application.data.operations.stray_words import KEPT, MOST_OF_NETWORK, discard, keep, purge
from application.data.types import utc_now

HOLDER = "a" * 32


def test_what_was_sent_is_there_for_its_holder_alone(app: Flask) -> None:
    assert keep(HOLDER, "home", "form", {"title": "Half"})
    assert keep(HOLDER, "train", "form", {"title": "Whole", "content": "a\x00b"})
    (stray,) = get_strays(HOLDER)
    assert (stray.form_key, stray.fields) == ("form", {"title": "Whole", "content": "ab"})
    assert get_strays("b" * 32) == ()
    discard("b" * 32, "form")
    assert get_strays(HOLDER)
    discard(HOLDER, "form")
    assert get_strays(HOLDER) == ()


def test_a_network_keeps_a_few_and_loses_its_oldest(app: Flask) -> None:
    keep("b" * 32, "elsewhere", "form", {"title": "x"})
    for number in range(MOST_OF_NETWORK + 2):
        assert keep(f"{number:032x}", "home", "form", {"title": "x"})
    assert [bool(get_strays(f"{number:032x}")) for number in range(4)] == [False, False, True, True]
    assert get_strays("b" * 32)


def test_many_networks_throw_nobody_out(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stray_words, "MOST", 3)
    kept = [keep(f"{number:032x}", f"net {number}", "form", {"title": "x"}) for number in range(5)]
    assert kept == [True, True, True, False, False]
    assert get_strays(f"{0:032x}")
    assert keep(f"{0:032x}", "net 0", "form", {"title": "newer"})


def test_only_a_form_is_kept(app: Flask) -> None:
    with pytest.raises(Invalid):
        keep(HOLDER, "home", "form", {"content": "x" * 1_200_000})


def test_what_nobody_signed_in_for_is_purged(app: Flask) -> None:
    keep(HOLDER, "home", "form", {"title": "x"})
    assert purge(utc_now() + KEPT - timedelta(minutes=1)) == 0
    assert purge(utc_now() + KEPT + timedelta(minutes=1)) == 1
    assert get_strays(HOLDER) == ()
