"""A crowd that follows the same rule: its selling moves the price that triggers its next selling.

Price impact is that of market microstructure invariance (Kyle and Obizhaeva 2016, Econometrica 84; applied to crashes
in Kyle and Obizhaeva 2023, "Large Bets and Stock Market Crashes", Review of Finance 27): selling X of a market with
daily volume V (both in shares), price P and daily volatility s moves the logarithm of the price by

    5.00e-4 (P V / 40e6)^{1/3} (s / 0.02)^{4/3} X / (0.01 V)

linear in X, with 40e6 dollars of the years 2001 to 2005 and s = 0.02 their benchmark stock, and 5.00 their estimate
from portfolio transitions. They hold s at what was expected before a crash; here it follows the path itself
(exponentially weighted, ``Market.decay``, up to ``Market.thinnest``), so that a crash thins the market it happens in.

The impact stays until the crowd buys back: as in Gennotte and Leland (1990), American Economic Review 80, the price is
a function of what the crowd holds, and where its demand falls faster with the price than the market's grows, there is
no calm price near the old one and the market drops to a lower one. Presidential Task Force on Market Mechanisms (1988)
tells the selling of October 1987.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from math import cbrt

import numpy as np

from insure.arguments import fraction, number, positive
from insure.errors import InvalidInput
from insure.pricing.elementary import exp, log, sqrt
from insure.simulation.scenarios.path import SESSION, Scenario, Step
from insure.slippage import Mark
from insure.stress.position import Position
from insure.stress.runner import Runner, View

COEFFICIENT = 5.00e-4
"""Log impact of 1 % of daily volume in the benchmark stock."""
BENCHMARK_VOLUME = 40e6
"""Dollars a day."""
BENCHMARK_VOL = 0.02
"""A day."""
SHARES = (0.0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2)
"""Insured shares of the market that a table shows."""
MOST = 0.5
"""The largest insured share that is searched."""

EXECUTED = 1.0 / 3.0
"""What portfolio insurers executed of their models' sales from 14 to 16 October 1987 (Presidential Task Force on Market
Mechanisms, 1988)."""

FAILED = 0.05
"""A price below this fraction of the first is no price: the market has failed, and the path ends there."""

_ROUNDS = 2_000
_SEARCHED = (*(n / 1000.0 for n in range(1, 20)), 0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.35, MOST)


@dataclass(frozen=True, slots=True)
class Market:
    """The market that a crowd sells into.

    Attributes:
        name: what it is and where its figures come from, a sentence.
        capitalisation: money.
        daily_volume: money traded on an average day, stocks and futures together.
        daily_vol: standard deviation of a day's return, a fraction.
        price_level: money of this market over a dollar of 2001 to 2005.
    """

    name: str
    capitalisation: float
    daily_volume: float
    daily_vol: float
    price_level: float = 1.0
    decay: float = 0.97
    """Of the realised variance that depth follows, a day; 1 keeps the depth as it is."""
    thinnest: float = 3.0
    """Depth follows volatility up to so many times its start and no further (assumed; VXO closed at 5.4 times its level
    of two sessions before on 19 October 1987)."""

    def __post_init__(self) -> None:
        """Refuse a market without depth."""
        positive("capitalisation", self.capitalisation)
        positive("daily_volume", self.daily_volume)
        positive("daily_vol", self.daily_vol)
        positive("price_level", self.price_level)
        fraction("decay", self.decay)
        number("thinnest", self.thinnest, low=1.0)

    def impact(self, money: float, daily_vol: float | None = None) -> float:
        """Change of the log price when ``money`` is sold (below zero: bought), at a day's volatility; below zero."""
        vol = self.daily_vol if daily_vol is None else daily_vol
        size = cbrt(self.daily_volume / (BENCHMARK_VOLUME * self.price_level))
        return -COEFFICIENT * size * cbrt(vol / BENCHMARK_VOL) ** 4 * money / (0.01 * self.daily_volume)

    def depth(self, daily_vol: float | None = None) -> float:
        """Money whose sale moves the price by 1 %, at a day's volatility."""
        return -0.01 / self.impact(1.0, daily_vol)


OCTOBER_1987 = Market(
    name=(
        "The market of October 1987: 20.6 bn dollars a day in stocks and index futures at 1.35 % a day (rounded from "
        "what Kyle and Obizhaeva 2023 use), 2.9 trn of stocks (New York Stock Exchange at the end of 1987, carried "
        "back by the S&P 500), prices 0.62 of those of 2001 to 2005 (consumer price index)"
    ),
    capitalisation=2.9e12,
    daily_volume=20.6e9,
    daily_vol=0.0135,
    price_level=0.62,
)
"""The default market: the one that such a crowd was tested in."""


def three_days_of_1987(spot: float, *, rate: float, vol: float) -> Scenario:
    """News as from the 13th to the 16th of October 1987, -10.12 % in three sessions, then three sessions without.

    Closes 314.52, 305.23, 298.08, 282.70. What of that fall was already selling by a crowd is not known, so it all
    counts as news here.
    """
    levels = [close / 314.52 for close in (314.52, 305.23, 298.08, 282.70, 282.70, 282.70, 282.70)]
    steps = tuple(Step(str(k), SESSION if k else 0.0, spot * level, rate, vol) for k, level in enumerate(levels))
    source = "S&P 500 closes of 13 to 16 October 1987 as news, three sessions without news after them."
    return Scenario("1987 before the Monday", "The three sessions before Black Monday, as news", steps, source)


@dataclass(frozen=True, slots=True)
class HerdRow:
    """One size of the crowd."""

    share: float
    """Insured money over the market's capitalisation."""
    insured: float
    """Money that follows the rule at the start."""
    fall: float
    """Lowest price over the first, less one."""
    own_fall: float
    """Of that, what the crowd itself did: lowest price over that of the same news without a crowd, less one."""
    sold: float
    """Money that the crowd sold, net of what it bought back on the way down, at its largest."""
    sold_of_insured: float
    worst_rounds: int
    """Rounds of selling that triggered selling within one session, at most."""
    nav: float
    """The fund, money."""
    floor: float
    lowest_cushion: float
    breached: bool
    slippage: float | None
    """Fund less twin that the path added; the twin's put is marked at the same volatility throughout."""
    failed: bool
    """Whether no price above 5 % of the first cleared the market."""


@dataclass(frozen=True, slots=True)
class Herd:
    """What the size of the crowd does to one fund in it."""

    market: Market
    depth: float
    """Money whose sale moves the price by 1 % at the start."""
    scenario: str
    source: str
    rows: tuple[HerdRow, ...]
    executed: float
    """Fraction of what each wants to trade that is executed in a session."""
    breaking_share: float | None
    """The smallest insured share at which the fund goes through its floor on news that it survives alone; None where
    the sentence says why."""
    breaking_share_at_once: float | None
    """The same where all that is wanted is traded within the session."""
    breaking_share_steady: float | None
    """The same in a market whose depth stays as it is."""
    sentence: str

    def figures(self) -> dict[str, object]:
        """As JSON."""
        return asdict(self)


def herd(
    position: Position,
    market: Market = OCTOBER_1987,
    scenario: Scenario | None = None,
    shares: Sequence[float] = SHARES,
    executed: float = EXECUTED,
) -> Herd:
    """The fund as one of a crowd that all hold and do what it does, for several sizes of the crowd.

    A session clears where the price and the crowd's trades at that price agree: from the price of the news alone, each
    round of selling moves the price, which changes what the rule asks for, until nothing more is triggered. The price
    falls from round to round, so what is found is the clearing price nearest to the news.

    Args:
        position: the fund as it stands; the crowd is as many times it as the share says.
        market: that all sell into.
        scenario: the news: what the price would do without the crowd, with its own halts and fills. Default
            ``three_days_of_1987``.
        shares: insured money over the market's capitalisation, 0 to 0.5.
        executed: fraction of what each wants to trade that is executed in a session.

    Raises:
        InvalidInput: a share out of range, or no protection period is in force.
    """
    news = scenario
    if news is None:
        news = three_days_of_1987(position.spot, rate=position.snapshot.rate, vol=position.vol)
    filled = fraction("executed", executed)
    sizes = [number("share", share, low=0.0, high=MOST) for share in shares]
    rows = tuple(_crowded(position, market, news, share, filled) for share in sizes)
    breaking, sentence = _breaking(position, market, news, filled)
    at_once, _ = _breaking(position, market, news, 1.0)
    steady, _ = _breaking(position, replace(market, decay=1.0), news, filled)
    return Herd(market, market.depth(), news.name, news.source, rows, filled, breaking, at_once, steady, sentence)


def _breaking(position: Position, market: Market, news: Scenario, executed: float) -> tuple[float | None, str]:
    if not (position.memory is not None and position.memory.start.guarantee > 0.0):
        return None, "The contract promises no floor that a crowd could break."

    def breaks(share: float) -> bool:
        return _crowded(position, market, news, share, executed).breached

    if breaks(0.0):
        return None, "The fund goes through its floor on this news without any crowd."
    low, high = 0.0, 0.0
    for share in _SEARCHED:
        low, high = high, share
        if breaks(share):
            break
    else:
        return None, f"No crowd up to {MOST:.0%} of the market breaks the floor on this news."
    while high - low > 1e-5:
        middle = 0.5 * (low + high)
        low, high = (low, middle) if breaks(middle) else (middle, high)
    insured = high * market.capitalisation
    return high, (
        f"The strategy breaks itself where {high:.2%} of the market ({insured:,.0f}) follow it and execute "
        f"{executed:.0%} of their orders in a session: on news that the fund survives alone, the crowd's own selling "
        "takes it through the floor."
    )


@dataclass(frozen=True, slots=True)
class _Cleared:
    """A session's price at which the crowd's trades and the market agree."""

    view: View
    wanted: float
    """Units that the fund goes to."""
    rounds: int


def _clear(
    runner: Runner, step: Step, vol: float, put_vol: float, executed: float, slope: float, news: float, start: float
) -> _Cleared:
    """Where the price and the trades that it triggers agree.

    Args:
        runner: before the session.
        step: of the news; its halts and fills hold for all.
        vol: hedge volatility.
        put_vol: of the twin.
        executed: fraction of each order.
        slope: change of the log price for one unit that one fund sells, times the size of the crowd; zero or less.
        news: the price without this session's trades.
        start: the price that the path began at.
    """
    filled = executed * step.filled if step.tradable else 0.0
    left = max(runner.mark.years_left - step.years, 0.0)
    lowest = FAILED * start

    def traded(price: float) -> tuple[View, float]:
        mark = Mark(price, left, step.rate, runner.mark.dividend_yield, put_vol)
        view = runner.look(mark, step.years, vol, 1.0 - step.cash_loss)
        return view, runner.units + (view.wanted - runner.units) * filled

    price, triggered = max(news, lowest), 0
    view, wanted = traded(price)
    while triggered < _ROUNDS:
        again = max(news * exp(slope * (runner.units - wanted)), lowest)
        if abs(again - price) <= 1e-12 * news:
            break
        price, triggered = again, triggered + 1
        view, wanted = traded(price)
    return _Cleared(view, wanted, triggered)


def _crowded(position: Position, market: Market, news: Scenario, share: float, executed: float) -> HerdRow:
    runner = Runner.standing(position, attributed=True)
    copies = share * market.capitalisation / position.nav
    variance, start, first = market.daily_vol**2, runner.mark.spot, runner.units
    pushed, lowest, alone, rounds, sold, floor, failed = 0.0, 1.0, 1.0, 0, 0.0, 0.0, False
    for step in news.steps[1:]:
        slope = market.impact(copies * start, min(sqrt(variance), market.thinnest * market.daily_vol))
        cleared = _clear(
            runner, step, position.vol, position.snapshot.put_vol, executed, slope, step.spot * exp(pushed), start
        )
        view, previous, held = cleared.view, runner.mark.spot, runner.units
        runner.settle(view)
        runner.trade(view, cleared.wanted, step)
        pushed += slope * (held - runner.units)
        variance = market.decay * variance + (1.0 - market.decay) * log(view.mark.spot / previous) ** 2
        rounds, floor = max(rounds, cleared.rounds), view.floor
        if view.mark.spot / start < lowest:
            lowest, alone = view.mark.spot / start, step.spot / start
        sold = max(sold, copies * (first - runner.units) * start)
        if not lowest > FAILED:
            failed = True
            break
    slippage = None if runner.twin is None else runner.nav - runner.twin_value - position.slippage_before
    return HerdRow(
        share=share,
        insured=share * market.capitalisation,
        fall=lowest - 1.0,
        own_fall=lowest / alone - 1.0,
        sold=sold,
        sold_of_insured=sold / (share * market.capitalisation) if share > 0.0 else 0.0,
        worst_rounds=rounds,
        nav=runner.nav,
        floor=floor,
        lowest_cushion=runner.lowest,
        breached=floor > 0.0 and runner.lowest < -1e-9 * position.nav,
        slippage=slippage,
        failed=failed,
    )


@dataclass(frozen=True, slots=True)
class Programme:
    """What a rule would sell over a stretch of closes, as a share of the value insured at its start."""

    first: str
    last: str
    fraction: float
    """Stock that the model sells, at the prices of its sales, over NAV at the first close."""
    asked: float
    """Money for all that is insured."""
    done: float
    """Of that, what the fills of then executed."""


def programme(
    weights: Sequence[float],
    navs: Sequence[float],
    spots: Sequence[float],
    insured: float,
    filled: float,
    labels: tuple[str, str] = ("", ""),
) -> Programme:
    """The selling programme of a model: from its weights after each close to what it sold between the first and last.

    Args:
        weights: equity after the trade of each close, the first included, as fractions of NAV.
        navs: NAV at each close.
        spots: index at each close.
        insured: money that follows the rule at the first close.
        filled: fraction of the sales that was executed.
        labels: of the first and last close.

    Raises:
        InvalidInput: fewer than two closes, or series of different lengths.
    """
    if not len(weights) == len(navs) == len(spots) >= 2:
        raise InvalidInput(
            f"weights has {len(weights)} entries; weights, navs and spots must be as many each, 2 or more."
        )
    units = np.array(weights) * np.array(navs) / np.array(spots)
    sold = float(-(np.diff(units) * np.array(spots)[1:]).sum())
    share = sold / navs[0]
    asked = share * positive("insured", insured)
    return Programme(labels[0], labels[1], share, asked, asked * number("filled", filled, low=0.0, high=1.0))
