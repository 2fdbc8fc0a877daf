"""Figures of a fund file are figures: finite, inside bounds, and never a switch."""

import datetime as dt
from dataclasses import fields, is_dataclass
from decimal import Decimal

import pytest

from insure.errors import FundFileError
from insure.fund import read_fund
from tests.contracts import fund

BASE = """
id = "tested"
name = "Tested Fund"
instrument = "index unit"
initial_money = 1_000_000
[protection]
start = 2007-01-03
floor_fraction = 0.9
[strategy]
kind = "synthetic_put"
[volatility]
kind = "fixed"
vol = 0.2
[schedule]
[feed]
kind = "csv"
file = "prices.csv"
"""
SECTIONS = ("protection", "strategy", "volatility", "schedule", "feed", "limits", "band", "costs", "lots", "twin",
            "execution", "quality", "triggers", "controls")  # fmt: skip


def _keys() -> list[tuple[str, str]]:
    """Every key of the contract that holds a figure, by section."""
    found = []
    whole = fund(feed={"kind": "csv", "file": "prices.csv"}, quality={"max_age_minutes": 5.0})
    for section in SECTIONS:
        part = getattr(whole, section)
        assert is_dataclass(part)
        for each in fields(part):
            value = getattr(part, each.name)
            if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
                found.append((section, each.name))
    return found


def _with(section: str, key: str, value: str) -> str:
    text = "\n".join(line for line in BASE.splitlines() if not line.startswith(f"{key} = "))
    head = f"[{section}]"
    return text.replace(head, f"{head}\n{key} = {value}") if head in text else f"{text}\n{head}\n{key} = {value}\n"


def test_a_file_like_these_is_a_contract() -> None:
    assert read_fund(_with("controls", "pilot_fraction", "0.2")).controls.pilot_fraction == 0.2
    assert len(_keys()) > 70, _keys()


@pytest.mark.parametrize("value", ["inf", "-inf", "nan", '"inf"', '"nan"', "true", "false"])
@pytest.mark.parametrize(("section", "key"), _keys())
def test_no_figure_is_infinite_or_a_switch(section: str, key: str, value: str) -> None:
    with pytest.raises(FundFileError, match=key):
        read_fund(_with(section, key, value))


@pytest.mark.parametrize("value", ["1e308", str(10**400)])
@pytest.mark.parametrize(("section", "key"), _keys())
def test_every_figure_has_an_upper_bound(section: str, key: str, value: str) -> None:
    """A time of 1e308 minutes ended in an OverflowError, a tolerance of as much in a reconciliation of nothing."""
    with pytest.raises(FundFileError, match=key):
        read_fund(_with(section, key, value))


@pytest.mark.parametrize(("section", "key"), [pair for pair in _keys() if pair[1].endswith("_minutes")])
def test_every_span_of_minutes_fits_into_a_date(section: str, key: str) -> None:
    read_fund(_with(section, key, "10080"))
    with pytest.raises(FundFileError, match=key):
        read_fund(_with(section, key, "10081"))
    assert (dt.datetime(2026, 11, 2, tzinfo=dt.UTC) + dt.timedelta(minutes=10_080)).day == 9
