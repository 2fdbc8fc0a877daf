"""The protection contract: what a fund file says, checked, frozen, with the hash of what is in force."""

import datetime as dt
import hashlib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Le, Len, Lt, Predicate
from pydantic import Discriminator, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from insure.band_terms import BandTerms, FixedBandTerms, WhalleyWilmottBandTerms
from insure.errors import FundFileError, InvalidInput
from insure.execution_terms import Execution, Minutes
from insure.money import minor_unit
from insure.rebalancing import Band
from insure.slots import Timing, parse
from insure.strategies.synthetic_put import Dividends, Financing
from insure.strategy_terms import (
    FORBID_UNKNOWN,
    HOLDING_OPTIONS,
    PROTECTING,
    DeltaNeutralTerms,
    Fraction,
    HybridTerms,
    Promise,
    StrategyTerms,
)
from insure.volatility import Source

Stage = Literal["replay", "paper", "shadow", "pilot", "live"]
Roll = Literal["none", "at_horizon"]
NotNegative = Annotated[float, Ge(0.0), Le(1_000.0)]
"""A multiple, or a number of standard deviations; beyond a thousand nothing in a market is measured by it."""
Units = Annotated[float, Ge(0.0), Le(1e15)]
Money = Annotated[Decimal, Ge(0), Le(10**15)]
"""The book counts minor units in 64 bits."""
Rate = Annotated[float, Ge(-1.0), Le(10.0)]
"""Per year, a fraction."""
Count = Annotated[int, Le(1_000)]
"""Of sessions, slots or events: four years of trading."""
Bps = Annotated[float, Ge(0.0), Le(10_000.0)]
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_EXPECTED = {
    "id": "small letters, digits and hyphens, 63 at most, the first no hyphen, like guarded-90",
    "currency": "three capital letters, like USD",
}
_BY_KIND = Discriminator("kind")
UNWRITTEN: Mapping[tuple[str, str], str | int] = {
    ("band", "kind"): "fixed",
    ("controls", "largest_session_orders"): 200,
}
"""Keys (section, key) that an effective contract leaves out at this value."""
Regime = Literal["ucits", "aifmd", "rts-6", "15c3-5", "18f-4"]
"""Law that a fund, or its automated trading, stands under; what the lines of a compliance report mean by it is in
``reports.compliance.regulation``."""
Name = Annotated[str, Len(1, 200), Predicate(str.isprintable)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """The promise: how much, until when, and what happens then."""

    __pydantic_config__: ClassVar[dict[str, str | bool]] = FORBID_UNKNOWN
    start: dt.date
    """First session of the first protection period."""
    floor_fraction: Annotated[float, Ge(0.0), Le(1.5)]
    """Guarantee at the horizon, as a fraction of NAV at the start of the period."""
    horizon_years: Annotated[float, Gt(0.0), Le(50.0)] = 1.0
    roll: Roll = "at_horizon"
    """At the horizon: begin a new period on the NAV of that day, or end."""
    dividends: Dividends = "reinvested"
    financing: Financing = "fund"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What no decision may pass, whatever the model asks for."""

    __pydantic_config__: ClassVar[dict[str, str | bool]] = FORBID_UNKNOWN
    lowest_weight: Fraction = 0.0
    highest_weight: Annotated[float, Ge(0.0), Le(5.0)] = 1.0
    """Stock is bought with the fund's own money: above 1.0 it would be borrowed."""
    largest_change_weight: Annotated[float, Gt(0.0), Le(5.0)] = 1.0
    """Largest change of the equity weight in one slot (throttle). From all to nothing: a hedge that is spread over
    slots loses with every fall between them, and what is sudden asks a person (``ask_change_weight``)."""
    largest_order_weight: Annotated[float, Gt(0.0), Le(5.0)] = 1.0
    """Largest single order, as a fraction of NAV; a larger trade is cut to it, and the next slot goes on. All of the
    fund: one at its floor must be able to leave the stock in one order."""
    gap_budget_alert: Fraction = 0.0
    """Warn when an instant fall of this size would reach the floor."""
    no_cushion: Literal["cash", "model"] = "cash"
    """At or below the floor: everything into cash, or whatever the model still asks for."""

    def __post_init__(self) -> None:
        """The interval must hold something."""
        if not self.lowest_weight <= self.highest_weight:
            raise InvalidInput(
                f"lowest_weight is {self.lowest_weight}; it must be {self.highest_weight} (highest_weight) or less."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What a trade is expected to cost."""

    __pydantic_config__: ClassVar[dict[str, str | bool]] = FORBID_UNKNOWN
    commission_bps: Bps = 0.0
    half_spread_bps: Bps = 0.0
    commission_per_trade_money: Money = Decimal(0)
    commission_per_unit_money: Money = Decimal(0)
    commission_minimum_money: Money = Decimal(0)
    """Least commission per ticket, of the three above together."""
    impact_coefficient: NotNegative = 0.0
    """Multiple of the square-root law of market impact; 0 for none, of the order of 1 where it counts."""
    impact_daily_vol: Annotated[float, Gt(0.0), Le(1.0)] = 0.01
    """Volatility of the index over one day, a fraction."""
    daily_volume_units: Units = 0.0
    """Units traded in the market on an average day, where the feed tells none; 0 for not known."""

    def __post_init__(self) -> None:
        """An impact needs a volume to be measured against."""
        if self.impact_coefficient > 0.0 and not self.daily_volume_units > 0.0:
            raise InvalidInput(
                f"impact_coefficient is {self.impact_coefficient:g} and daily_volume_units is "
                f"{self.daily_volume_units:g}; it must be above zero."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Lots:
    """What can be traded at all."""

    __pydantic_config__: ClassVar[dict[str, str | bool]] = FORBID_UNKNOWN
    lot_units: Annotated[Decimal, Gt(0), Le(10**9)] = Decimal("0.000001")
    smallest_ticket_money: Money = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When the fund decides, on which exchange's sessions, and how time is counted."""

    __pydantic_config__: ClassVar[dict[str, str | bool]] = FORBID_UNKNOWN
    calendar: str = "XNYS"
    day_count: Literal["bus/252", "act/365"] = "bus/252"
    slot: str = "close"
    deadline_minutes: Minutes = 30.0
    """A slot that starts later than this is missed, not traded."""
    closures: tuple[dt.date, ...] = ()
    """Days that the exchange closed at short notice."""
    early_closes: tuple[tuple[dt.date, dt.time], ...] = ()
    """(day, local time) of closes brought forward at short notice."""

    def __post_init__(self) -> None:
        """A slot that cannot be read is found when the file is, not at the first due moment."""
        parse(self.slot)

    @property
    def timing(self) -> Timing:
        """The slot expression, read."""
        return parse(self.slot)


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvFeed:
    """Prices out of a file: columns date, close; optional rate, dividend, dividend_yield, volume, vol_index, bid,
    ask, at and depth (docs/guide.md, "Prices")."""

    __pydantic_config__: ClassVar[dict[str, str | bool]] = FORBID_UNKNOWN
    kind: Literal["csv"] = "csv"
    file: Annotated[str, Len(1)]
    """Path, relative to the desk folder."""
    rate_per_year: Rate = 0.0
    """Used where the file has no rate column; continuously compounded."""
    dividend_yield_per_year: Rate = 0.0
    """Used where the file has no dividend_yield column."""
    max_age_sessions: Annotated[Count, Ge(0)] = 0
    """How many sessions old the newest price may be at its slot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFeed:
    """Real history that comes with the installation: S&P 500 closes 1999-2018, T-bill rates, VIX 2014-2018."""

    __pydantic_config__: ClassVar[dict[str, str | bool]] = FORBID_UNKNOWN
    kind: Literal["sample"] = "sample"
    dividend_yield_per_year: Rate = 0.0
    max_age_sessions: Annotated[Count, Ge(0)] = 0


Feed = CsvFeed | SampleFeed


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinTerms:
    """What the true put beside the fund costs."""

    __pydantic_config__: ClassVar[dict[str, str | bool]] = FORBID_UNKNOWN
    vol: Literal["hedge", "index"] = "hedge"
    """What the put is marked at: the hedge volatility, or the feed's volatility index."""
    index_scale: Annotated[float, Gt(0.0), Le(1_000.0)] = 0.01
    """Volatility of one unit of that index: 0.01 for points."""
    vol_spread: Annotated[float, Ge(-1.0), Le(1.0)] = 0.0
    """Added to it: 0.02 is two points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Which prices are doubted before a decision, for how long, and what is done when the doubt stays."""

    __pydantic_config__: ClassVar[dict[str, str | bool]] = FORBID_UNKNOWN
    jump_sigmas: Annotated[float, Gt(0.0), Le(1_000.0)] = 10.0
    """A move since the last decision beyond this many standard deviations asks for a second source."""
    second_file: Annotated[str, Len(1)] | None = None
    """CSV of a second source or a related instrument (columns date, close), relative to the desk folder."""
    agreement_fraction: Annotated[float, Gt(0.0), Le(1.0)] = 0.5
    """The second source confirms a jump that it made in the same direction, at least by this share of it."""
    corroboration_minutes: Minutes = 15.0
    """How long a doubt waits for confirmation before the fallback acts."""
    fallback: Literal["reduce_only", "hold", "trade"] = "reduce_only"
    """A doubt that outlasts its clock: sell but never buy | hold this slot and take the price from then on | trade."""
    max_age_minutes: Minutes | None = None
    """Oldest quote at the moment of decision, where the feed tells instants (column ``at``); None for no limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggers:
    """What wakes the fund between its slots; 0 is off."""

    __pydantic_config__: ClassVar[dict[str, str | bool]] = FORBID_UNKNOWN
    price_move: Fraction = 0.0
    """Move of the price since the last decision."""
    weight_drift: Fraction = 0.0
    """Distance of the weight held from the weight that the fund would decide, beyond the band."""
    gap_budget: Fraction = 0.0
    """Gap budget at or below this."""
    volatility_jump: NotNegative = 0.0
    """Change of the hedge volatility since the last decision, relative: 0.5 is half as much again, or half gone."""
    debounce_minutes: Minutes = 15.0
    """No event slot within this time of any slot that started before."""
    most_per_day: Annotated[Count, Ge(0)] = 3
    """Event slots of one session; what else happens waits for the next slot."""

    @property
    def watches(self) -> bool:
        """Whether anything is watched at all."""
        return self.most_per_day > 0 and any(
            limit > 0.0 for limit in (self.price_move, self.weight_drift, self.gap_budget, self.volatility_jump)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """What stands between a decision and an order: limits of the gate, who approves, how a decision is let through."""

    __pydantic_config__: ClassVar[dict[str, str | bool]] = FORBID_UNKNOWN
    approval: Literal["auto", "approve", "four_eyes"] = "auto"
    """Who approves a trade before it is sent: nobody | one person | two people."""
    proposal_minutes: Minutes = 60.0
    """How long a proposal may be approved."""
    second_person: Literal["noted", "required"] = "noted"
    """A desk of one person under four_eyes: "no second person" stands in the record | nothing is sent."""
    price_collar_bps: Bps = 1000.0
    """Widest distance of a price limit from the decided price; ten times a usual intraday range of an index."""
    largest_turnover_weight: Annotated[float, Gt(0.0), Le(20.0)] = 2.0
    """Most that is traded in one session, of NAV: in and out once; more is an automaton that fights itself. A trade is
    cut to what is left of it."""
    largest_volume_fraction: Annotated[float, Gt(0.0), Le(1.0)] = 0.25
    """Largest order, of the average volume of 20 sessions, else of ``daily_volume_units``: above a quarter the fund is
    the market. A larger trade is cut to it."""
    largest_session_orders: Annotated[int, Ge(1), Le(100_000)] = 200
    """Most orders in one session, child orders counted one by one: five trades of ten slices over four venues."""
    deposit_takers: Annotated[int, Ge(1), Le(100)] = 5
    """Banks or bills that cash is spread over."""
    largest_deposit_weight: Annotated[float, Gt(0.0), Le(1.0)] = 0.20
    """Most with one of them, of NAV; 20 % is the UCITS Directive's limit for deposits with one body (Article 52(1))."""
    ask_change_weight: Annotated[float, Gt(0.0), Le(5.0)] = 0.25
    """A larger change of the target in one slot asks a person."""
    ask_multiple: NotNegative = 0.0
    """Buying above this effective multiple (equity over cushion) asks a person. 0 leaves it to the strategy: 1.25 times
    the multiplier of CPPI and TIPP, which their rules never buy above; else 1 over ``gap_budget_alert``, the multiple
    at which a fall of that size reaches the floor; off where that is 0 too (``largest_multiple``)."""
    ask_buy_after_fall: Fraction = 0.05
    """Buying after a larger fall, since the last decision or from the highest price of the last five sessions decided,
    asks a person; 0 is off. 5 % is about four standard deviations of a day at a volatility of 20 %."""
    reconciliation_sessions: Annotated[Count, Ge(1)] = 1
    """Oldest reconciliation that may be traded on, sessions; from the stage shadow on."""
    escalate_minutes: Minutes = 30.0
    """A breaker that is not NORMAL for this long is told again, to everybody."""
    breaker_bad_prices: Annotated[Count, Ge(1)] = 3
    """Slots in a row whose price could not be read, or was doubted until its clock ran out: REDUCE_ONLY. One question
    that outlives its clock is two, the slot and the one that takes it up again; that alone freezes no fund."""
    breaker_slippage_sigmas: NotNegative = 6.0
    """Slippage of the hedge beyond this many of the model's own standard deviations: REDUCE_ONLY; 0 is off."""
    breaker_gap_budget: Fraction = 0.01
    """REDUCE_ONLY where an instant fall of less than this reaches the floor; 0 is off."""
    market_halt_falls: tuple[Annotated[float, Gt(0.0), Lt(1.0)], ...] = (0.07, 0.13, 0.20)
    """Falls below the previous close at which the exchange halts trading: REDUCE_ONLY; none is off. The default is
    NYSE Rule 7.12, for which the last 35 minutes of a session know the last level alone."""
    breaker_clock_seconds: Annotated[float, Gt(0.0), Le(1e9)] = 120.0
    """REDUCE_ONLY for the desk where its clock jumps, or stands behind what the book has, by more."""
    pilot_fraction: Annotated[float, Gt(0.0), Le(1.0)] = 0.1
    """Share of a decision that the stage pilot carries out."""
    pilot_cap_money: Annotated[Decimal, Gt(0), Le(10**15)] | None = None
    """Most that the stage pilot moves in one session, money; the gate of pilot asks for it."""
    live_fraction: Annotated[float, Gt(0.0), Le(1.0)] = 1.0
    """Share of a decision that the stage live carries out: 0.25, 0.5, then 1."""
    tolerance_units: Annotated[Decimal, Ge(0), Le(10_000)] = Decimal(0)
    """Units of an instrument by which an outside report may differ; none: units are counted, not estimated. 10,000
    at most: more would switch the reconciliation off."""
    tolerance_cash_money: Annotated[Decimal, Ge(0), Le(1_000_000)] = Decimal("1.00")
    """Money by which reported cash may differ: a cent of rounding each on a hundred postings."""
    tolerance_order_units: Annotated[Decimal, Ge(0), Le(10_000)] = Decimal(0)
    """Units by which a broker's report of an order may differ; none: the order is ours, to the last unit."""
    settlement_sessions: Annotated[int, Ge(0), Le(10)] = 1
    """From trade to settlement: a difference within it is timing; 1 in the United States since May 2024."""
    promotion_sessions: Annotated[int, Ge(1), Le(1000)] = 20
    """Sessions in a row without a missed or failed slot before the next phase: a month of trading."""
    promotion_slippage_multiple: Annotated[float, Gt(0.0), Le(100.0)] = 1.5
    """Most slippage for the next phase, in multiples of what trading in steps makes by itself."""
    drill_sessions: Annotated[int, Ge(1), Le(1000)] = 63
    """Age of the last drill of each kind before the next phase: a quarter."""

    def __post_init__(self) -> None:
        """Levels ascend."""
        if not list(self.market_halt_falls) == sorted(set(self.market_halt_falls)):
            raise InvalidInput(f"market_halt_falls is {self.market_halt_falls}; the falls must ascend.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fund:
    """One protected fund: the whole of what was agreed, and nothing that changes."""

    __pydantic_config__: ClassVar[dict[str, str | bool]] = FORBID_UNKNOWN
    id: Annotated[str, Predicate(lambda text: bool(_ID.fullmatch(text)))]
    name: Name
    currency: Annotated[str, Predicate(lambda text: len(text) == 3 and text.isalpha() and text.isupper())] = "USD"
    instrument: Name
    """The index, or the fund on it, that is held: one unit of it has the feed's price."""
    stage: Stage = "replay"
    initial_money: Annotated[Decimal, Gt(0), Le(10**15)]
    """First subscription, booked at the first tick."""
    protection: Protection
    strategy: Annotated[StrategyTerms, _BY_KIND]
    volatility: Annotated[Source, _BY_KIND]
    schedule: Schedule
    feed: Annotated[Feed, _BY_KIND]
    limits: Limits = field(default_factory=Limits)
    band: BandTerms = field(default_factory=FixedBandTerms)
    """How far the weight may drift before it is traded."""
    costs: Costs = field(default_factory=Costs)
    lots: Lots = field(default_factory=Lots)
    twin: TwinTerms = field(default_factory=TwinTerms)
    execution: Execution = field(default_factory=Execution)
    quality: Quality = field(default_factory=Quality)
    triggers: Triggers = field(default_factory=Triggers)
    controls: Controls = field(default_factory=Controls)
    regimes: tuple[Regime, ...] = ()
    """Which rules apply to the fund; those of no regime named here are benchmarks on its reports."""

    def __post_init__(self) -> None:
        """What only the whole contract can show."""
        if len(set(self.regimes)) != len(self.regimes):
            raise InvalidInput(f"regimes is {list(self.regimes)}; it must name each regime once.")
        unit = minor_unit(self.currency)
        if self.initial_money % unit:
            raise InvalidInput(f"initial_money is {self.initial_money}; {self.currency} counts in steps of {unit}.")
        if self.protection.financing == "external" and self.strategy.kind != "synthetic_put":
            raise InvalidInput(
                f"financing is 'external' and the strategy is {self.strategy.kind}; only a synthetic put has a premium."
            )

        if self.strategy.kind == "tipp" and not self.protection.floor_fraction <= 1.0:
            raise InvalidInput(
                f"floor_fraction is {self.protection.floor_fraction} and the strategy is tipp; it protects a fraction "
                "of the highest value, 1 or less."
            )
        if self.holds_options and self.execution.broker != "paper":
            raise InvalidInput(
                f"broker is {self.execution.broker!r} and the strategy {self.strategy.kind} holds options; they are "
                "executed on paper only."
            )
        if isinstance(self.band, WhalleyWilmottBandTerms) and not (self.band.cost_bps or self.cost_bps) > 0.0:
            raise InvalidInput(
                "band.kind is 'whalley_wilmott' and trading costs nothing (commission_bps and half_spread_bps are 0); "
                "its width comes from a cost above zero, which costs or band.cost_bps must name."
            )
        if self.execution.schedule == "almgren_chriss" and not self.costs.daily_volume_units > 0.0:
            raise InvalidInput(
                f"schedule is 'almgren_chriss' and daily_volume_units is {self.costs.daily_volume_units:g}; its impact "
                "needs a volume above zero."
            )
        longest = self._longest_option
        if longest is not None and not longest <= self.protection.horizon_years:
            raise InvalidInput(
                f"an option of {longest:g} years outlives the protection period of "
                f"{self.protection.horizon_years:g}; it must expire within the period."
            )

    @property
    def _longest_option(self) -> float | None:
        if isinstance(self.strategy, HybridTerms):
            return self.strategy.put_years
        if isinstance(self.strategy, DeltaNeutralTerms):
            return max((each.years for each in self.strategy.options if each.years is not None), default=None)
        return None

    @property
    def cost_bps(self) -> float:
        """What a trade costs in proportion to its value, one way."""
        return self.costs.commission_bps + self.costs.half_spread_bps

    @property
    def no_trade_band(self) -> Band:
        """The band of ``insure.rebalancing`` that live, replay and simulation share."""
        return self.band.band(self.cost_bps)

    @property
    def holds_options(self) -> bool:
        """Whether the strategy buys options when a period begins."""
        return self.strategy.kind in HOLDING_OPTIONS

    @property
    def protects(self) -> bool:
        """Whether the strategy promises the floor."""
        return self.strategy.kind in PROTECTING

    @property
    def config_sha256(self) -> str:
        """Hash of the effective contract, as ``effective`` writes it."""
        return _sha256(self)

    def effective(self) -> str:
        """The whole contract as canonical JSON, defaults included.

        The kind of a fixed band and regimes that nobody named are not written: a contract keeps the hash that the book
        and its approvals know it by.
        """
        content = asdict(self)
        for (section, key), value in UNWRITTEN.items():
            if content[section].get(key) == value:
                del content[section][key]
        if not self.regimes:
            del content["regimes"]
        return json.dumps(content, sort_keys=True, separators=(",", ":"), default=_written)

    def promise(self, value: float, years: float, vol: float, spot: float) -> Promise:
        """What a period beginning on ``value``, with the index at ``spot``, promises."""
        guarantee = self.protection.floor_fraction * value if self.protects else 0.0
        return Promise(guarantee, value, years, vol, self.protection.dividends, self.protection.financing, spot)


@lru_cache(maxsize=20_000)
def _sha256(fund: Fund) -> str:
    # Asked at every decision; hashing the value costs a tenth of writing it out.
    return hashlib.sha256(fund.effective().encode()).hexdigest()


@lru_cache(maxsize=1)
def fund_adapter() -> TypeAdapter[Fund]:
    """What checks a fund file; made once, since making it takes longer than checking."""
    return TypeAdapter(Fund)


def load_fund(path: Path | str) -> Fund:
    """Read and check a fund file.

    Raises:
        FundFileError: the file is missing, is not TOML, has a key that no contract has, or a value outside its range;
            the sentence names the file, the key, the value and what is allowed.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise FundFileError(f"{path}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise FundFileError(f"{path}: is not UTF-8 text (byte {error.start}).") from error
    return read_fund(text, origin=str(path))


def read_fund(text: str, origin: str = "fund file") -> Fund:
    """Check the text of a fund file; ``origin`` names it in errors.

    Raises:
        FundFileError: as ``load_fund``.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FundFileError(f"{origin}: is not TOML: {error}.") from error
    if switches := list(_switches(content)):
        raise FundFileError("\n".join(f"{origin}: {said}" for said in switches))
    try:
        return fund_adapter().validate_python(content)
    except ValidationError as error:
        sentences = [f"{origin}: {_sentence(detail)}" for detail in error.errors()]
        raise FundFileError("\n".join(sentences)) from error


def _switches(content: object, where: str = "") -> Iterator[str]:
    """Keys that are true or false: nothing of a contract is a switch, and as a number ``true`` would be 1."""
    if isinstance(content, bool):
        yield f"{where} is {str(content).lower()}; no key of a fund file is true or false."
    elif isinstance(content, Mapping):
        for key, value in content.items():
            yield from _switches(value, f"{where}.{key}" if where else str(key))
    elif isinstance(content, list):
        for number, value in enumerate(content):
            yield from _switches(value, f"{where}.{number}")


def _written(value: object) -> str:
    # 1000000 and 1000000.00 are one amount: equal contracts are written, and hashed, alike.
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def _sentence(detail: ErrorDetails) -> str:
    key = ".".join(str(part) for part in detail["loc"]) or "the whole"
    kind = detail["type"]
    if kind in {"extra_forbidden", "unexpected_keyword_argument"}:
        return f"{key} is not a key of a fund file; remove it, or correct its spelling."
    if kind in {"missing", "missing_argument"}:
        return f"{key} is missing."
    if kind == "value_error":
        return f"{key}: {detail['ctx']['error']}"
    shown = "" if isinstance(detail["input"], Mapping) else f" is {detail['input']!r}"
    if kind == "predicate_failed":
        return f"{key}{shown}; expected {_EXPECTED.get(key, 'one line of letters that can be printed')}."
    return f"{key}{shown}: {detail['msg'].removesuffix('.')}."
