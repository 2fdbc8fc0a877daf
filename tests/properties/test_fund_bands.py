"""A fund's band as its file names it: read, refused, read back, decided with, and proved from the book."""

import datetime as dt
import json
import math
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from insure.band_terms import FixedBandTerms
from insure.book import Book, Record
from insure.book.verify import contract_of, verify
from insure.contract import sentences
from insure.contract_diff import changes
from insure.controls.hedging_error import slippage_in_deviations
from insure.decision import Holdings, decide
from insure.decision.band import band_width, opening_width
from insure.errors import FundFileError, InvalidInput
from insure.fund import Fund, read_fund
from insure.pricing import black_scholes
from insure.rebalancing import Band, DriftBand, FixedBand, WhalleyWilmottBand
from tests.book.market import FUND_FILE, a_fund, run
from tests.contracts import Toml, fund, snapshot

COSTS: dict[str, Toml] = {"commission_bps": 1.5, "half_spread_bps": 0.5}
WHALLEY_WILMOTT: dict[str, Toml] = {"kind": "whalley_wilmott", "risk_aversion": 10.0, "to": "edge"}
DRIFT: dict[str, Toml] = {"kind": "drift", "width_weight": 0.005, "widening_sigmas": 0.25}


def banded(band: dict[str, Toml], **more: Toml) -> Fund:
    return fund(band=band, costs=COSTS, **more)


@pytest.mark.parametrize(
    ("band", "expected"),
    [
        ({}, FixedBand(0.0)),
        ({"width_weight": 0.02}, FixedBand(0.02)),
        ({"kind": "fixed", "width_weight": 0.02}, FixedBand(0.02)),
        (WHALLEY_WILMOTT, WhalleyWilmottBand(2.0, 10.0)),
        ({**WHALLEY_WILMOTT, "cost_bps": 7.0}, WhalleyWilmottBand(7.0, 10.0)),
        (DRIFT, DriftBand(0.005, 0.25)),
        ({"kind": "drift", "widening_sigmas": 1.0}, DriftBand(0.0, 1.0)),
    ],
)
def test_each_kind_is_the_librarys_band(band: dict[str, Toml], expected: Band) -> None:
    assert banded(band).no_trade_band == expected


@pytest.mark.parametrize(
    ("band", "sentence"),
    [
        ('kind = "wide"', "band: Input tag 'wide' found using 'kind' does not match any of the expected tags: 'fixed'"),
        ('kind = "whalley_wilmott"', "band.whalley_wilmott.risk_aversion is missing."),
        ('kind = "drift"\nwidth_weight = 0.01', "band.drift.widening_sigmas is missing."),
        ("width_weight = 0.01\nrisk_aversion = 10", "band.fixed.risk_aversion is not a key of a fund file"),
        ('kind = "fixed"\nwidening_sigmas = 1', "band.fixed.widening_sigmas is not a key of a fund file"),
        (
            'kind = "whalley_wilmott"\nrisk_aversion = 10\nwidth_weight = 0.01',
            "band.whalley_wilmott.width_weight is not a key of a fund file",
        ),
        ('kind = "whalley_wilmott"\nrisk_aversion = 0', "band.whalley_wilmott.risk_aversion is 0: "),
        ('kind = "whalley_wilmott"\nrisk_aversion = nan', "band.whalley_wilmott.risk_aversion is nan: "),
        ('kind = "whalley_wilmott"\nrisk_aversion = 10\ncost_bps = 0', "band.whalley_wilmott.cost_bps is 0: "),
        ('kind = "drift"\nwidening_sigmas = 0', "band.drift.widening_sigmas is 0: "),
        ('kind = "drift"\nwidening_sigmas = 1\ncost_bps = 3', "band.drift.cost_bps is not a key of a fund file"),
        ("width_weight = 1.5", "band.fixed.width_weight is 1.5: "),
        ('to = "middle"', "band.fixed.to is 'middle': "),
    ],
)
def test_what_is_no_band_is_refused_with_one_sentence(band: str, sentence: str) -> None:
    text = FUND_FILE.replace("width_weight = {band}", "{band}").format(
        fund_id="x", kind="cppi", floor=0.9, band=band, broker="paper", dividends="reinvested", limits=""
    )
    with pytest.raises(FundFileError) as refused:
        read_fund(text, "funds/x.toml")
    said = str(refused.value)
    assert said.startswith(f"funds/x.toml: {sentence}"), said
    assert "\n" not in said, f"more than one sentence: {said}"


def test_a_width_that_comes_from_costs_needs_some() -> None:
    with pytest.raises(ValueError, match="trading costs nothing") as refused:
        fund(band=WHALLEY_WILMOTT)
    assert "commission_bps and half_spread_bps are 0" in str(refused.value)
    assert fund(band={**WHALLEY_WILMOTT, "cost_bps": 3.0}).no_trade_band == WhalleyWilmottBand(3.0, 10.0)
    with pytest.raises(InvalidInput, match="trading costs nothing"):
        replace(banded(WHALLEY_WILMOTT), costs=fund().costs)


def test_a_fixed_band_keeps_the_hash_that_books_know() -> None:
    """These hashes are of the time when a band had one kind: an approval of the contract still binds to it."""
    assert fund().config_sha256.startswith("49436245a1bddd8a")
    named = fund(band={"kind": "fixed", "width_weight": 0.02, "to": "edge"})
    assert named.config_sha256.startswith("d383b92158be49bb")
    assert named == fund(band={"width_weight": 0.02, "to": "edge"})
    assert "kind" not in json.loads(named.effective())["band"]


@pytest.mark.parametrize("band", [{"width_weight": 0.02}, WHALLEY_WILMOTT, DRIFT], ids=["fixed", "whalley", "drift"])
def test_the_book_reads_the_contract_back_whole(band: dict[str, Toml]) -> None:
    of = banded(band)
    assert contract_of(of.effective()) == of
    assert contract_of(of.effective()).config_sha256 == of.config_sha256


def test_a_changed_band_is_told_key_by_key() -> None:
    fixed = banded({"width_weight": 0.02})
    found = {change.key: change.sentence for change in changes(fixed.effective(), banded(WHALLEY_WILMOTT).effective())}
    assert found == {
        "kind": "band.kind goes from fixed to whalley_wilmott.",
        "width_weight": "band.width_weight is gone; it was 0.02.",
        "risk_aversion": "band.risk_aversion is new: 10.0.",
        "cost_bps": "band.cost_bps is new: null.",
        "to": "band.to goes from target to edge.",
    }
    back = {change.key: change.sentence for change in changes(banded(DRIFT).effective(), fixed.effective())}
    assert back["kind"] == "band.kind goes from drift to fixed."
    other = banded({**DRIFT, "widening_sigmas": 0.5})
    (change,) = changes(banded(DRIFT).effective(), other.effective())
    assert change.sentence == "band.widening_sigmas goes from 0.25 to 0.5."


@pytest.mark.parametrize(
    ("band", "expected"),
    [
        ({}, "It trades every difference from its target."),
        (
            {"width_weight": 0.02, "to": "edge"},
            "It trades once the weight is more than 2 points from its target, to the edge.",
        ),
        (
            WHALLEY_WILMOTT,
            (
                "It trades once the weight leaves the band of Whalley and Wilmott around its target, to the edge; each "
                "slot finds the band anew from gamma, a cost of 2 bps and a risk aversion of 10."
            ),
        ),
        (
            DRIFT,
            (
                "It trades once the weight leaves a band around its target, to the target; each slot finds the band "
                "anew: 0.5 points and 0.25 times what one standard deviation of a day moves the target by."
            ),
        ),
    ],
)
def test_the_contract_says_its_band_in_a_sentence(band: dict[str, Toml], expected: str) -> None:
    assert expected in sentences(banded(band))


def lived(folder: Path, of: Fund) -> list[Record]:
    with Book.open(folder / "book.db") as book:
        run(book, of, 40)
        return list(book.records(of.id))


@pytest.mark.parametrize("band", [WHALLEY_WILMOTT, DRIFT], ids=["whalley_wilmott", "drift"])
@pytest.mark.parametrize("kind", ["synthetic_put", "cppi"])
def test_a_recorded_life_is_made_again_bit_for_bit(tmp_path: Path, kind: str, band: dict[str, Toml]) -> None:
    of = replace(a_fund(kind=kind), band=banded(band).band)
    records = lived(tmp_path, of)
    with Book.open(tmp_path / "book.db") as book:
        verified = verify(book)
    decisions = [record.decision for record in records]
    assert verified.decisions == 40
    assert verified.findings == ()
    said = [each.ladder["band"].reason for each in decisions[1:] if each.ladder is not None]
    assert all(sentence.startswith("The band is ") for sentence in said)
    assert any(sentence.endswith("inside, hold.") for sentence in said), "the band held nothing back"
    assert any("outside, trade to the" in sentence for sentence in said)


def test_the_width_of_the_first_day_is_the_puts_own() -> None:
    """Whalley and Wilmott's formula on the gamma of the put in closed form, counted beside the product's."""
    of = banded(WHALLEY_WILMOTT, strategy={"kind": "synthetic_put"})
    begins = snapshot(dt.date(2007, 1, 3), Decimal(100))
    decision = decide(of, Holdings(Decimal(0), of.initial_money), None, begins)
    assert decision.memory is not None
    state, period = decision.memory.start.state, decision.memory.period
    put = black_scholes.greeks("put", period.spot, state.strike, period.years, begins.rate, 0.2)
    gamma = state.units * float(put.gamma)
    cube = 1.5 * math.exp(-begins.rate * period.years) * 2e-4 * period.spot * gamma**2
    wanted = (cube * period.value / 10.0) ** (1.0 / 3.0) * period.spot / period.value
    assert opening_width(of, decision.memory, begins) == pytest.approx(wanted, rel=1e-4)
    assert band_width(of, decision) == 0.0, "there is no band around the first purchase"


@pytest.mark.parametrize("band", [WHALLEY_WILMOTT, DRIFT], ids=["whalley_wilmott", "drift"])
def test_slippage_is_measured_with_the_wider_of_first_and_last_width(tmp_path: Path, band: dict[str, Toml]) -> None:
    of = replace(a_fund(), band=banded(band).band)
    record = lived(tmp_path, of)[-1]
    decision = record.decision
    assert decision.memory is not None
    widths = opening_width(of, decision.memory, decision.snapshot), band_width(of, decision)
    assert widths[0] != widths[1]
    fixed = replace(of, band=FixedBandTerms(width_weight=max(widths)))
    found = slippage_in_deviations(of, record, 252)
    assert found is not None
    assert found == slippage_in_deviations(fixed, record, 252)
    bare = slippage_in_deviations(replace(of, band=FixedBandTerms()), record, 252)
    assert bare is not None
    assert abs(found) < abs(bare), "a band explains none of the slippage"
