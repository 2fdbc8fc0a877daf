"""Sources as values: read from TOML, checked, bounded, smoothed; and what is said when market data will not do."""

import datetime as dt
import math
import subprocess
import sys
import tomllib
from collections.abc import Callable
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter, ValidationError

from insure.errors import InvalidInput, MarketDataError
from insure.volatility import Estimate, Ewma, Fixed, Garch, Index, Realised, Source, closes_needed, estimate

ADAPTER: TypeAdapter[Source] = TypeAdapter(Annotated[Source, Field(discriminator="kind")])
DATES = [dt.date(2024, 1, 1) + dt.timedelta(days=i) for i in range(10)]
CLOSES = [100.0, 101.0, 99.0, 100.5, 102.0, 101.0, 103.0, 102.5, 101.5, 104.0]


@pytest.mark.parametrize(
    ("section", "source"),
    [
        ('kind = "fixed"\nvol = 0.2', Fixed(0.2)),
        ('kind = "realised"\nwindow = 20\nmean = "zero"\nfloor = 0.1', Realised(20, "zero", floor=0.1)),
        ('kind = "realised"', Realised()),
        ('kind = "ewma"\ndecay = 0.97\ncap = 0.6', Ewma(0.97, cap=0.6)),
        ('kind = "garch"\nmodel = "gjr"\nhorizon = 21\nsmoothing = 0.5', Garch("gjr", horizon=21, smoothing=0.5)),
        ('kind = "index"\nseries = "VIX"\nsessions_per_year = 250', Index("VIX", sessions_per_year=250.0)),
    ],
)
def test_a_fund_file_builds_the_source(section: str, source: Source) -> None:
    assert ADAPTER.validate_python(tomllib.loads(section)) == source


@pytest.mark.parametrize(
    ("section", "word"),
    [
        ('kind = "fixed"', "vol"),
        ('kind = "fixed"\nvol = -0.1', "vol"),
        ('kind = "fixed"\nvol = nan', "vol"),
        ('kind = "fixed"\nvol = 0.2\nfloor = 0.3', "vol"),
        ('kind = "realised"\nwindow = 1', "window"),
        ('kind = "realised"\nwindow = 20.5', "window"),
        ('kind = "realised"\nwindwo = 20', "windwo"),
        ('kind = "realised"\nmean = "none"', "mean"),
        ('kind = "ewma"\ndecay = 1.0', "decay"),
        ('kind = "ewma"\nfloor = 0.3\ncap = 0.2', "floor"),
        ('kind = "ewma"\nsmoothing = 1.0', "smoothing"),
        ('kind = "garch"\nwindow = 50', "window"),
        ('kind = "garch"\nmodel = "egarch"', "model"),
        ('kind = "index"\nseries = " "', "series"),
        ('kind = "oracle"', "oracle"),
        ("vol = 0.2", "kind"),
    ],
)
def test_a_fund_file_that_cannot_be_is_refused(section: str, word: str) -> None:
    with pytest.raises(ValidationError, match=word):
        ADAPTER.validate_python(tomllib.loads(section))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -0.1])
@pytest.mark.parametrize("name", ["floor", "cap", "smoothing", "sessions_per_year"])
def test_a_source_refuses_bounds_that_cannot_be(name: str, bad: float) -> None:
    with pytest.raises(InvalidInput, match=rf"^{name} is {bad!r}; it must be "):
        Realised(**{name: bad})  # type: ignore[arg-type]  # one keyword of several types


@pytest.mark.parametrize(
    ("build", "word"),
    [
        (lambda: Fixed(math.nan), "vol"),
        (lambda: Fixed(0.5, cap=0.4), "vol"),
        (lambda: Realised(1), "window"),
        (lambda: Realised(smoothing=1.0), "smoothing"),
        (lambda: Realised(floor=0.3, cap=0.2), "floor"),
        (lambda: Ewma(1.0), "decay"),
        (lambda: Ewma(math.nan), "decay"),
        (lambda: Ewma(0.0), "decay"),
        (lambda: Ewma(window=0), "window"),
        (lambda: Garch(window=99), "window"),
        (lambda: Garch(horizon=0), "horizon"),
        (lambda: Garch(horizon=2521), "horizon"),
        (lambda: Index(""), "series"),
        (lambda: Index("VIX", scale=0.0), "scale"),
        (lambda: Index("VIX", max_age_days=-1), "max_age_days"),
    ],
)
def test_a_source_in_code_refuses_the_same(build: Callable[[], Source], word: str) -> None:
    with pytest.raises(InvalidInput, match=rf"^{word} is "):
        build()


@pytest.mark.parametrize("source", [Realised(20), Ewma(), Garch()])
def test_a_short_history_says_what_is_needed(source: Realised | Ewma | Garch) -> None:
    needed = closes_needed(source)
    with pytest.raises(
        MarketDataError, match=rf"needs {needed} closes \(a window of {needed - 1} returns\) .* are 10\."
    ):
        estimate(source, DATES, CLOSES)
    with pytest.raises(MarketDataError, match=r"there are 4 up to 2024-01-04\."):
        estimate(source, DATES, CLOSES, as_of=dt.date(2024, 1, 4))


@pytest.mark.parametrize("bad", [math.nan, math.inf, 0.0, -1.0])
def test_an_impossible_close_is_named_with_its_date(bad: float) -> None:
    closes = [*CLOSES[:6], bad, *CLOSES[7:]]
    with pytest.raises(
        MarketDataError, match=rf"^The close of 2024-01-07 is {bad!r}; it must be a price above zero\.$"
    ):
        estimate(Realised(9), DATES, closes)
    assert estimate(Realised(2), DATES, closes) == estimate(Realised(2), DATES, CLOSES), (
        "outside the window it is not seen"
    )


def test_closes_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(MarketDataError, match="not all numbers"):
        estimate(Realised(2), DATES[:3], ["100", "n/a", "101"])  # type: ignore[list-item]  # what the test is about


def test_dates_out_of_order_are_refused() -> None:
    for days in ([*DATES[:8], DATES[9], DATES[8]], [*DATES[:9], DATES[8]]):
        with pytest.raises(MarketDataError, match="must ascend"):
            estimate(Realised(9), days, CLOSES)


def test_each_date_has_its_close() -> None:
    with pytest.raises(InvalidInput, match=r"closes has 10 prices; it must have one for each of the 9 dates\."):
        estimate(Realised(5), DATES[:9], CLOSES)


def test_no_fresh_quote_is_no_volatility() -> None:
    source = Index("VIX", max_age_days=3)
    day = DATES[-1]
    assert estimate(source, DATES, CLOSES, quotes={day - dt.timedelta(days=3): 20.0}).vol == pytest.approx(0.2)
    with pytest.raises(MarketDataError, match="no quote of VIX of 2024-01-10 or the 3 days before"):
        estimate(source, DATES, CLOSES, quotes={day - dt.timedelta(days=4): 20.0})
    empty: dict[dt.date, float] = {}
    for nothing in (None, empty):
        with pytest.raises(MarketDataError, match="There are no quotes of VIX"):
            estimate(source, DATES, CLOSES, quotes=nothing)
    for bad in (math.nan, 0.0, -20.0, math.inf):
        with pytest.raises(MarketDataError, match=rf"VIX of 2024-01-10 is {bad!r}"):
            estimate(source, DATES, CLOSES, quotes={day: bad})


@given(
    new=st.floats(0.01, 1.0),
    before=st.floats(0.0, 1.0),
    smoothing=st.floats(0.0, 0.99),
    floor=st.floats(0.0, 0.4),
    room=st.floats(0.01, 0.6),
)
def test_smoothing_comes_first_and_bounds_hold(
    new: float, before: float, smoothing: float, floor: float, room: float
) -> None:
    source = Index("quote", scale=1.0, smoothing=smoothing, floor=floor, cap=floor + room)
    found = estimate(source, [], [], quotes={DATES[0]: new}, previous=before)
    blended = smoothing * before + (1.0 - smoothing) * new
    assert found.vol == pytest.approx(min(max(blended, floor), floor + room), rel=1e-12)
    assert floor <= found.vol <= floor + room
    acted = [word for word in ("smoothed", "floor", "cap") if word in found.note]
    assert acted == [
        word
        for word, did in (("smoothed", smoothing > 0), ("floor", blended < floor), ("cap", blended > floor + room))
        if did
    ], f"the note {found.note!r} does not say what acted"


def test_the_first_estimate_cannot_be_smoothed_and_says_so() -> None:
    found = estimate(Fixed(0.2, smoothing=0.9), [], [])
    assert found.vol == 0.2
    assert found.note == "not smoothed: no estimate before this one (smoothing 0.9)"


def test_the_previous_estimate_may_be_handed_in_whole() -> None:
    before = Estimate(0.3, "fixed", 0, None, "")
    assert estimate(Fixed(0.2, smoothing=0.5), [], [], previous=before) == estimate(
        Fixed(0.2, smoothing=0.5), [], [], previous=0.3
    )
    for bad in (math.nan, -0.1):
        with pytest.raises(InvalidInput, match=r"^previous is "):
            estimate(Fixed(0.2, smoothing=0.5), [], [], previous=bad)


def test_arch_and_pandas_stay_out_until_garch_is_asked_for() -> None:
    """Both take longer to import than a whole tick of the desk."""
    script = (
        "import sys, insure.volatility; print([m for m in ('arch', 'pandas', 'scipy', 'pydantic') if m in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
