"""What the gate is shown: every check just inside, at and beyond its limit, on NaN and where nothing is sent."""

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from insure.decision import (
    Approval,
    Check,
    Circumstances,
    DeskDay,
    DeskLimits,
    Ladder,
    OptionHeld,
    OptionTrade,
    Ordered,
    Rung,
    Trade,
    Valuation,
)
from insure.decision.circumstances import EDITION, Agreed
from insure.decision.gate import gate
from insure.decision.trades import trade_between
from insure.fund import Fund
from insure.market import Snapshot
from tests.contracts import Toml, fund, snapshot

SESSION = dt.date(2007, 3, 1)
OPENS, CLOSES = (dt.datetime(2007, 3, 1, hour, minute, tzinfo=dt.UTC) for hour, minute in ((14, 30), (21, 0)))
PRICE = Decimal(100)
SOME = Decimal(1_000)
NAN = float("nan")
CONTROLS: dict[str, Toml] = {"ask_multiple": 4.0}


@dataclass(frozen=True)
class Case:
    """Everything the gate looks at; by default a purchase of 1,000 units at 100 by a fund of a million."""

    fund: Fund = field(default_factory=lambda: fund(controls=CONTROLS, lots={"lot_units": 1}))
    nav: float = 1_000_000.0
    equity: float = 500_000.0
    floor: float = 800_000.0
    guarantee: float = 850_000.0
    units: Decimal | None = Decimal(1_000)
    """To be traded; None for no trade."""
    options: tuple[OptionTrade, ...] = ()
    began: bool = False
    target: float | None = None
    """What the model asks for inside the limits, where the trade does not lead there."""
    last_target: float = 0.6
    seen: Circumstances = field(
        default_factory=lambda: Circumstances(now=CLOSES, opens=OPENS, closes=CLOSES, price_sessions=0, edition=EDITION)
    )
    market: Snapshot = field(default_factory=lambda: snapshot(SESSION, PRICE))
    wanted: float | None = None
    """Weight after the trade, where it is not what the units lead to."""
    cash: float | None = None
    """Where it is not what NAV leaves."""

    @property
    def trade(self) -> Trade | None:
        if self.units is None:
            return None
        return trade_between(self.fund, Decimal(5_000), Decimal(5_000) + self.units, PRICE)

    @property
    def valuation(self) -> Valuation:
        return Valuation(
            nav=self.nav,
            equity=self.equity,
            cash=self.nav - self.equity if self.cash is None else self.cash,
            weight=self.equity / self.nav,
            floor=self.floor,
            guarantee=self.guarantee,
            cushion=self.nav - self.floor,
            effective_multiple=None,
            gap_budget=None,
            elapsed=0.2,
            years_left=0.8,
            greeks=None,
            option_book=None,
        )

    @property
    def ladder(self) -> Ladder:
        units = self.equity / float(PRICE) + float(self.units or 0)
        weight = units * float(PRICE) / self.nav if self.wanted is None else self.wanted
        target = weight if self.target is None else self.target
        return Ladder(
            (
                Rung("model", units, weight, "asked"),
                Rung("limits", target * self.nav / float(PRICE), target, "inside"),
                Rung("lots", units, weight, "whole"),
            )
        )

    def checks(self) -> dict[str, Check]:
        found = gate(
            self.fund,
            self.market,
            self.valuation,
            self.ladder,
            self.trade,
            self.options,
            self.seen,
            last_target=None if self.began else self.last_target,
        )
        names = [check.name for check in found]
        assert len(set(names)) == len(names), f"a check stands twice: {names}"
        return {check.name: check for check in found}

    def among(self, **seen: object) -> "Case":
        return replace(self, seen=replace(self.seen, **seen))  # type: ignore[arg-type] # names are checked by replace


def minutes(count: float) -> dt.timedelta:
    return dt.timedelta(minutes=count)


def with_controls(**more: Toml) -> Fund:
    return fund(controls={**CONTROLS, **more}, lots={"lot_units": 1})


def ordered(value: str, units: str = "7", instrument: str = "index unit") -> Ordered:
    return Ordered("tested:2007-03-01:open:1", instrument, Decimal(units), Decimal(value))


def sent(orders: int) -> Ordered:
    return Ordered("tested:2007-03-01:open:1", "gold", Decimal(7), Decimal(0), orders=orders)


def put_trade(units: str = "10", price: str = "5") -> OptionTrade:
    option = OptionHeld("put", Decimal(100), dt.date(2007, 12, 31), Decimal(units))
    count, each = Decimal(units), Decimal(price)
    value = abs(count) * each if count.is_finite() and each.is_finite() else Decimal("NaN")
    return OptionTrade(option, Trade(count, each, value, Decimal(0), Decimal(0)))


def ladder_weight(weight: float) -> Case:
    return replace(Case(), wanted=weight)


def quoted(after: float, limit: float | None) -> Case:
    quality: dict[str, Toml] = {} if limit is None else {"max_age_minutes": limit}
    base = replace(Case(), fund=fund(controls=CONTROLS, quality=quality))
    return replace(base, market=replace(base.market, quoted=base.seen.now + minutes(after)))


def unquoted(limit: float) -> Case:
    return replace(Case(), fund=fund(controls=CONTROLS, quality={"max_age_minutes": limit}))


def turned(value: int) -> Case:
    return Case().among(earlier=(ordered(str(value)),))


def volume(units: float) -> Case:
    return replace(Case(), market=replace(Case().market, daily_volume=units))


def traded_daily(units: float) -> Fund:
    return fund(controls=CONTROLS, costs={"daily_volume_units": units}, lots={"lot_units": 1})


def collared(bps: float) -> Fund:
    return fund(controls=CONTROLS, execution={"price_limit_bps": bps})


def sells() -> Case:
    return replace(Case(), units=Decimal(-1_000))


def at_lunch(after: float) -> Case:
    begins = OPENS + minutes(150)
    return Case().among(lunch=(begins, begins + minutes(60)), now=begins + minutes(after))


def early() -> Case:
    return Case().among(now=OPENS - minutes(500))


def priced(bid: str | None = None, ask: str | None = None, close: str | None = None) -> Case:
    """A market to send into; the price limit lies 450 bps from the decided price of 100."""
    market = replace(
        snapshot(SESSION, PRICE),
        bid=None if bid is None else Decimal(bid),
        ask=None if ask is None else Decimal(ask),
        previous_price=None if close is None else Decimal(close),
    )
    return replace(Case(), market=market, fund=collared(450.0 if close is None else 500.0))


def options_alone() -> Case:
    return replace(Case(), units=None, options=(put_trade(),))


def with_put() -> Case:
    return replace(Case(), options=(put_trade(),))


def sells_with_put() -> Case:
    return replace(sells(), options=(put_trade(),))


def sliced() -> Case:
    """A trade of four slices, an hour before the close."""
    of = fund(
        controls=CONTROLS,
        lots={"lot_units": 1},
        schedule={"slot": "open+120min"},
        execution={"schedule": "twap", "slices": 4, "broker": "blotter"},
    )
    at = CLOSES - minutes(120)
    return replace(Case(), fund=of, market=replace(snapshot(SESSION, PRICE), at=at)).among(now=at)


def dear_sale(most: float = 0.2) -> Case:
    """All stock into cash at 10 %: a fifth with each of five of what is left, 19 % of what was there."""
    of = fund(controls={**CONTROLS, "largest_deposit_weight": most}, costs={"commission_bps": 1000.0})
    return replace(sold_out(), fund=of)


def highs(price: str) -> tuple[tuple[dt.date, Decimal], ...]:
    return ((dt.date(2007, 2, 27), Decimal(price)), (dt.date(2007, 2, 28), Decimal(101)))


def stepped() -> Case:
    return Case().among(recent=highs("150"))


def put_fund(alert: float) -> Fund:
    return fund(limits={"gap_budget_alert": alert}, lots={"lot_units": 1})


def multiplied(multiplier: float) -> Fund:
    return fund(strategy={"kind": "cppi", "multiplier": multiplier}, lots={"lot_units": 1})


def desk_day(
    volume_: float | None = None, *, money: int = 0, orders: int = 0, units: int = 0, **limits: Decimal | float
) -> Case:
    """Beside other funds, a purchase of 1,000 units for 100,000 in one order."""
    day = DeskDay(DeskLimits(**limits), Decimal(money), orders, Decimal(units))  # type: ignore[arg-type] # by name
    return (Case() if volume_ is None else volume(volume_)).among(desk=day)


def spent() -> Case:
    return desk_day(money=900_000, largest_session_money=Decimal(1_000_000))


def fell() -> Case:
    return Case().among(last_price=Decimal(200))


def sold_out() -> Case:
    """All stock into cash: with five takers exactly a fifth of the fund with each."""
    return replace(Case(), units=Decimal(-5_000))


def reconciled(sessions: int | None) -> Case:
    return Case().among(reconciliation_wanted=True, reconciled_sessions=sessions)


def agreed(**other: object) -> Case:
    stands = Agreed(sha256="c" * 64, approved_sha256="c" * 64, proposal=7, approval="approve", missing=0)
    return Case().among(agreed=replace(stands, **other))  # type: ignore[arg-type] # names are checked by replace


def approved(units: str) -> Case:
    given = Approval(7, ("Ada",), Decimal(units), PRICE)
    return Case().among(approvals_wanted=1, approval=given)


def charged(bps: float) -> Case:
    return replace(Case(), fund=fund(costs={"commission_bps": bps}, lots={"lot_units": 1}))


def sized(weight: float) -> Fund:
    return fund(limits={"largest_order_weight": weight}, lots={"lot_units": 1})


def big_put() -> Case:
    return replace(Case(), units=None, options=(put_trade("20001", "5"),))


Makes = Callable[[], Case]
TABLE: list[tuple[str, str, Makes, bool]] = [
    # check, where the value lies, the case, whether it passes
    ("finite figures", "all finite", Case, True),
    ("finite figures", "NaN value of the fund", lambda: replace(Case(), nav=NAN), False),
    ("finite figures", "NaN weight wanted", lambda: ladder_weight(NAN), False),
    ("finite figures", "infinite floor", lambda: replace(Case(), floor=math.inf), False),
    ("finite figures", "NaN option", lambda: replace(Case(), options=(put_trade(price="NaN"),)), False),
    ("market open", "at the close", Case, True),
    ("market open", "just inside", lambda: Case().among(now=CLOSES + minutes(29.9)), True),
    ("market open", "at", lambda: Case().among(now=CLOSES + minutes(30)), True),
    ("market open", "beyond", lambda: Case().among(now=CLOSES + minutes(30.1)), False),
    ("market open", "nothing is sent", lambda: replace(Case(), units=None).among(now=CLOSES + minutes(999)), True),
    ("market open", "at the open", lambda: Case().among(now=OPENS), True),
    ("market open", "a minute before the open", lambda: Case().among(now=OPENS - minutes(1)), False),
    ("market open", "as lunch begins", lambda: at_lunch(0), True),
    ("market open", "over lunch", lambda: at_lunch(1), False),
    ("market open", "as lunch ends", lambda: at_lunch(60), True),
    ("market open", "before the open, nothing is sent", lambda: replace(early(), units=None), True),
    ("price session", "at", Case, True),
    ("price session", "beyond", lambda: Case().among(price_sessions=1), False),
    (
        "price session",
        "at an age that is allowed",
        lambda: replace(Case(), fund=fund(feed={"kind": "sample", "max_age_sessions": 1})).among(price_sessions=1),
        True,
    ),
    ("price age", "no instant told", Case, True),
    ("price age", "no instant told, of a price with a limit", lambda: unquoted(10.0), False),
    ("price age", "no instant told, and nothing is sent", lambda: replace(unquoted(10.0), units=None), True),
    ("price age", "no limit", lambda: quoted(-4_000.0, None), True),
    ("price age", "just inside", lambda: quoted(-9.9, 10.0), True),
    ("price age", "at", lambda: quoted(-10.0, 10.0), True),
    ("price age", "beyond", lambda: quoted(-10.1, 10.0), False),
    ("price age", "a little after our clock", lambda: quoted(2.0, 10.0), True),
    ("price age", "from the future", lambda: quoted(2.1, 10.0), False),
    ("price age", "from the future, in a replay", lambda: quoted(60.0, 10.0).among(persons=False), True),
    ("duplicate reference", "none", Case, True),
    ("duplicate reference", "beyond", lambda: Case().among(taken=1), False),
    ("duplicate content", "other units", lambda: Case().among(earlier=(ordered("1", "999"),)), True),
    ("duplicate content", "other instrument", lambda: Case().among(earlier=(ordered("1", "1000", "gold"),)), True),
    ("duplicate content", "the same", lambda: Case().among(earlier=(ordered("1", "1000"),)), False),
    (
        "duplicate content",
        "the same option",
        lambda: replace(Case(), options=(put_trade(),)).among(earlier=(ordered("1", "10", "put 100 2007-12-31"),)),
        False,
    ),
    ("duplicate content", "nothing is sent", lambda: replace(Case(), units=None).among(earlier=(ordered("1"),)), True),
    ("turnover of the day", "just inside", lambda: Case().among(earlier=(ordered("1899999"),)), True),
    ("turnover of the day", "at", lambda: Case().among(earlier=(ordered("1900000"),)), True),
    ("turnover of the day", "beyond", lambda: Case().among(earlier=(ordered("1900001"),)), False),
    ("turnover of the day", "options count", lambda: replace(turned(1_899_960), options=(put_trade(),)), False),
    ("turnover of the day", "NaN", lambda: Case().among(earlier=(ordered("NaN"),)), False),
    ("turnover of the day", "spent, and nothing is sent", lambda: replace(turned(9_000_000), units=None), True),
    ("share of volume", "no volume told", Case, True),
    ("share of volume", "at the contract's own", lambda: replace(Case(), fund=traded_daily(4_000.0)), True),
    ("share of volume", "beyond the contract's own", lambda: replace(Case(), fund=traded_daily(3_999.0)), False),
    (
        "share of volume",
        "the feed's goes before the contract's",
        lambda: replace(volume(4_001.0), fund=traded_daily(1.0)),
        True,
    ),
    ("share of volume", "just inside", lambda: volume(4_001.0), True),
    ("share of volume", "at", lambda: volume(4_000.0), True),
    ("share of volume", "beyond", lambda: volume(3_999.0), False),
    ("share of volume", "NaN", lambda: volume(NAN), False),
    ("share of volume", "no volume at all", lambda: volume(0.0), False),
    ("share of volume", "nothing is sent", lambda: replace(volume(0.0), units=None), True),
    ("price collar", "just inside", lambda: replace(Case(), fund=collared(999.0)), True),
    ("price collar", "at", lambda: replace(Case(), fund=collared(1000.0)), True),
    ("price collar", "beyond", lambda: replace(Case(), fund=collared(1001.0)), False),
    ("price collar", "around the middle, at", lambda: priced(bid="94", ask="96"), True),
    ("price collar", "around the middle, beyond", lambda: priced(bid="94", ask="95.8"), False),
    ("price collar", "around the middle, sale at", lambda: replace(priced(bid="105", ask="106"), units=-SOME), True),
    ("price collar", "around the middle, sale beyond", lambda: replace(priced("105", "107.4"), units=-SOME), False),
    ("price collar", "around the middle, a better price", lambda: replace(priced("50", "52"), units=-SOME), True),
    ("price collar", "around the close before, at", lambda: priced(close="95.46"), True),
    ("price collar", "around the close before, beyond", lambda: priced(close="95.45"), False),
    ("price collar", "a sale after a fall", lambda: replace(priced(close="150"), units=-SOME), True),
    ("price collar", "options alone", lambda: replace(options_alone(), fund=collared(1001.0)), False),
    ("orders of the session", "at", lambda: Case().among(earlier=(sent(199),)), True),
    ("orders of the session", "beyond", lambda: Case().among(earlier=(sent(200),)), False),
    ("orders of the session", "options count", lambda: with_put().among(earlier=(sent(199),)), False),
    ("orders of the session", "child orders count", lambda: sliced().among(earlier=(sent(197),)), False),
    ("orders of the session", "nothing is sent", lambda: replace(Case(), units=None).among(earlier=(sent(999),)), True),
    ("price collar", "nothing is sent", lambda: replace(Case(), fund=collared(1001.0), units=None), True),
    ("desk money", "no limit", Case, True),
    ("desk money", "another limit alone", lambda: desk_day(largest_session_orders=1), True),
    ("desk money", "at", lambda: desk_day(money=900_000, largest_session_money=Decimal(1_000_000)), True),
    ("desk money", "beyond", lambda: desk_day(money=900_001, largest_session_money=Decimal(1_000_000)), False),
    ("desk money", "options count", lambda: replace(spent(), options=(put_trade(),)), False),
    ("desk money", "spent, and nothing is sent", lambda: replace(spent(), units=None), True),
    ("desk orders", "at", lambda: desk_day(orders=9, largest_session_orders=10), True),
    ("desk orders", "beyond", lambda: desk_day(orders=10, largest_session_orders=10), False),
    ("desk orders", "no limit", spent, True),
    ("desk share of volume", "at", lambda: desk_day(4_000.0, units=400, largest_volume_fraction=0.35), True),
    ("desk share of volume", "beyond", lambda: desk_day(4_000.0, units=401, largest_volume_fraction=0.35), False),
    ("desk share of volume", "no volume known", lambda: desk_day(largest_volume_fraction=0.35), False),
    (
        "desk share of volume",
        "no volume known, and nothing is sent",
        lambda: replace(desk_day(largest_volume_fraction=0.35), units=None),
        True,
    ),
    ("desk share of volume", "no limit", spent, True),
    ("deposits", "at", sold_out, True),
    ("deposits", "beyond", lambda: replace(sold_out(), fund=with_controls(deposit_takers=4)), False),
    ("deposits", "a purchase makes less of it", lambda: replace(Case(), fund=with_controls(deposit_takers=1)), True),
    ("deposits", "of what costs leave, at", dear_sale, True),
    ("deposits", "of what costs leave, beyond", lambda: dear_sale(0.195), False),
    ("deposits", "NaN", lambda: replace(sold_out(), cash=NAN), False),
    (
        "deposits",
        "nothing is sent",
        lambda: replace(Case(), units=None, equity=0.0, fund=with_controls(deposit_takers=1)),
        True,
    ),
    ("contract approved", "approved", Case, True),
    ("contract approved", "in proposal 7", agreed, True),
    ("contract approved", "by itself", lambda: agreed(approved_sha256="", proposal=None), True),
    ("contract approved", "two people have yet to", lambda: agreed(approved_sha256="d" * 64, missing=2), False),
    ("contract approved", "in question", lambda: Case().among(contract_in_question="Nobody has."), False),
    ("code approved", "nobody bound it", lambda: Case().among(code_sha256="a" * 64), True),
    ("code approved", "the same", lambda: Case().among(code_sha256="a" * 64, approved_code_sha256="a" * 64), True),
    ("code approved", "another", lambda: Case().among(code_sha256="b" * 64, approved_code_sha256="a" * 64), False),
    ("code approved", "unknown", lambda: Case().among(approved_code_sha256="a" * 64), False),
    ("chain", "read", Case, True),
    ("chain", "read to its newest row", lambda: Case().among(chain_sequence=41), True),
    ("chain", "in doubt", lambda: Case().among(chain_sequence=41, chain_doubt="Row 41 is not as written."), False),
    ("reconciliation", "on paper", lambda: Case().among(reconciled_sessions=99), True),
    ("reconciliation", "just inside", lambda: reconciled(0), True),
    ("reconciliation", "at", lambda: reconciled(1), True),
    ("reconciliation", "beyond", lambda: reconciled(2), False),
    ("reconciliation", "never", lambda: reconciled(None), False),
    ("reconciliation", "a difference that nobody has explained", lambda: reconciled(0).among(open_breaks=1), False),
    ("reconciliation", "nothing is sent", lambda: replace(reconciled(None), units=None), True),
    ("breaker", "NORMAL", Case, True),
    ("breaker", "REDUCE_ONLY, purchase", lambda: Case().among(breaker="REDUCE_ONLY"), False),
    ("breaker", "REDUCE_ONLY, sale", lambda: sells().among(breaker="REDUCE_ONLY"), True),
    ("breaker", "HALTED, sale", lambda: sells().among(breaker="HALTED"), False),
    ("breaker", "KILLED, sale", lambda: sells().among(breaker="KILLED"), False),
    ("breaker", "REDUCE_ONLY, options alone", lambda: options_alone().among(breaker="REDUCE_ONLY"), False),
    ("breaker", "REDUCE_ONLY, options beside a sale", lambda: sells_with_put().among(breaker="REDUCE_ONLY"), False),
    ("breaker", "HALTED, options alone", lambda: options_alone().among(breaker="HALTED"), False),
    ("breaker", "KILLED, nothing is sent", lambda: replace(Case(), units=None).among(breaker="KILLED"), True),
    ("change of target", "just inside", lambda: ladder_weight(0.7499), True),
    ("change of target", "at", lambda: ladder_weight(0.75), True),
    ("change of target", "beyond", lambda: ladder_weight(0.7501), False),
    ("change of target", "beyond, downwards", lambda: replace(sells(), wanted=0.2499), False),
    ("change of target", "NaN", lambda: ladder_weight(NAN), False),
    ("change of target", "of the target, just inside", lambda: replace(sells(), target=0.3501), True),
    ("change of target", "of the target, beyond", lambda: replace(sells(), target=0.3499), False),
    ("change of target", "of the target, upwards", lambda: replace(Case(), target=0.8501), False),
    ("change of target", "of the target, NaN", lambda: replace(sells(), target=NAN), False),
    (
        "change of target",
        "both targets beyond the limits",
        lambda: replace(Case(), target=1.0, last_target=5.0),
        True,
    ),
    ("change of target", "a period begins", lambda: replace(ladder_weight(0.9), began=True), True),
    ("change of target", "nothing is sent", lambda: replace(ladder_weight(0.9), units=None), True),
    ("effective multiple", "just inside", lambda: ladder_weight(0.7999), True),
    ("effective multiple", "at", lambda: ladder_weight(0.8), True),
    ("effective multiple", "beyond", lambda: ladder_weight(0.8001), False),
    ("effective multiple", "no cushion", lambda: replace(Case(), floor=1_000_000.0), False),
    ("effective multiple", "NaN cushion", lambda: replace(Case(), floor=NAN), False),
    ("effective multiple", "no promise", lambda: replace(ladder_weight(0.9), guarantee=0.0), True),
    ("effective multiple", "sale", lambda: replace(sells(), floor=1_000_000.0), True),
    ("buying after a fall", "no decision before", Case, True),
    ("buying after a fall", "just inside", lambda: Case().among(last_price=Decimal("105.2")), True),
    ("buying after a fall", "at", lambda: Case().among(last_price=PRICE / Decimal("0.95")), True),
    ("buying after a fall", "beyond", lambda: Case().among(last_price=Decimal("105.3")), False),
    ("buying after a fall", "after a rise", lambda: Case().among(last_price=Decimal(50)), True),
    ("buying after a fall", "in small steps, at", lambda: Case().among(recent=highs("105.2")), True),
    ("buying after a fall", "in small steps, beyond", lambda: Case().among(recent=highs("105.3")), False),
    ("buying after a fall", "in small steps, and a period begins", lambda: replace(stepped(), began=True), True),
    ("buying after a fall", "in small steps, sale", lambda: replace(stepped(), units=-SOME), True),
    ("buying after a fall", "in small steps, NaN", lambda: Case().among(recent=highs("NaN")), False),
    ("buying after a fall", "off", lambda: replace(fell(), fund=with_controls(ask_buy_after_fall=0.0)), True),
    ("buying after a fall", "NaN", lambda: Case().among(last_price=Decimal("NaN")), False),
    ("buying after a fall", "a period begins", lambda: replace(fell(), began=True), True),
    ("buying after a fall", "sale", lambda: sells().among(last_price=Decimal(200)), True),
    ("effective multiple", "off", lambda: replace(ladder_weight(0.9), fund=put_fund(0.0)), True),
    ("effective multiple", "of the alert, at", lambda: replace(ladder_weight(0.8), fund=put_fund(0.25)), True),
    ("effective multiple", "of the alert, beyond", lambda: replace(ladder_weight(0.801), fund=put_fund(0.25)), False),
    ("effective multiple", "of the rule, at", lambda: replace(ladder_weight(0.75), fund=multiplied(3.0)), True),
    ("effective multiple", "of the rule, beyond", lambda: replace(ladder_weight(0.751), fund=multiplied(3.0)), False),
    ("approval", "nobody has to", Case, True),
    ("approval", "wanted, and nothing is sent", lambda: replace(Case(), units=None).among(approvals_wanted=1), True),
    ("approval", "wanted", lambda: Case().among(approvals_wanted=1), False),
    ("approval", "given", lambda: approved("1000"), True),
    ("approval", "one of two", lambda: approved("1000").among(approvals_wanted=2), False),
    ("approval", "at the tolerance", lambda: replace(approved("1000"), units=Decimal(1_100)), True),
    ("approval", "beyond the tolerance", lambda: replace(approved("1000"), units=Decimal(1_101)), False),
    ("approval", "the other side", lambda: approved("-1000"), False),
    ("approval", "nobody to ask", lambda: Case().among(approvals_wanted=2, persons=False), True),
]
ALONE: list[tuple[str, str, Makes, Decimal, bool]] = [
    # check of the decision alone, where the value lies, the case, cash held, whether it passes
    ("net asset value", "above", Case, Decimal(500_000), True),
    ("net asset value", "at", lambda: replace(Case(), nav=1e-300, units=None), Decimal(0), True),
    ("net asset value", "beyond", lambda: replace(Case(), nav=-1.0), Decimal(500_000), False),
    ("net asset value", "NaN", lambda: replace(Case(), nav=NAN), Decimal(500_000), False),
    ("equity weight", "just inside", lambda: ladder_weight(0.9999), Decimal(500_000), True),
    ("equity weight", "at", lambda: ladder_weight(1.0), Decimal(500_000), True),
    ("equity weight", "beyond", lambda: ladder_weight(1.0001), Decimal(500_000), False),
    ("equity weight", "NaN", lambda: ladder_weight(NAN), Decimal(500_000), False),
    (
        "equity weight",
        "beyond, and further inside than it was",
        lambda: replace(sells(), equity=1_100_000.0, wanted=1.09),
        Decimal(0),
        True,
    ),
    (
        "equity weight",
        "beyond, and further outside than it was",
        lambda: replace(Case(), equity=1_100_000.0, wanted=1.11),
        Decimal(0),
        False,
    ),
    ("equity weight", "NaN, of a fund beyond", lambda: replace(sells(), equity=NAN), Decimal(0), False),
    (
        "equity weight",
        "beyond, and nothing is sent",
        lambda: replace(Case(), units=None, equity=1_100_000.0, wanted=1.1),
        Decimal(0),
        True,
    ),
    ("no short sale", "just inside", lambda: replace(Case(), units=Decimal(-4_999)), Decimal(500_000), True),
    ("no short sale", "at", sold_out, Decimal(500_000), True),
    ("no short sale", "beyond", lambda: replace(Case(), units=Decimal(-5_001)), Decimal(500_000), False),
    ("no short sale", "NaN", lambda: replace(Case(), equity=NAN), Decimal(500_000), False),
    ("no short sale", "nothing is sent", lambda: replace(Case(), units=None), Decimal(500_000), True),
    ("cash after costs", "just inside", lambda: charged(0), Decimal("100000.01"), True),
    ("cash after costs", "at", lambda: charged(0), Decimal(100_000), True),
    ("cash after costs", "beyond", lambda: charged(0), Decimal("99999.99"), False),
    ("cash after costs", "costs count", lambda: charged(10), Decimal(100_000), False),
    ("cash after costs", "options count", lambda: replace(charged(0), options=(put_trade(),)), Decimal(100_049), False),
    ("cash after costs", "nothing is sent", lambda: replace(Case(), units=None), Decimal(0), True),
    ("order size", "just inside", lambda: replace(Case(), fund=sized(0.1001)), Decimal(500_000), True),
    ("order size", "at", lambda: replace(Case(), fund=sized(0.1)), Decimal(500_000), True),
    ("order size", "beyond", lambda: replace(Case(), fund=sized(0.0999)), Decimal(500_000), False),
    ("order size", "beyond, when selling", lambda: replace(sells(), fund=sized(0.0999)), Decimal(500_000), False),
    ("order size", "an option", lambda: replace(big_put(), fund=sized(0.1)), Decimal(500_000), False),
    ("order size", "NaN", lambda: replace(Case(), nav=NAN), Decimal(500_000), False),
    (
        "order size",
        "NaN, of the second order",
        lambda: replace(Case(), options=(put_trade(price="NaN"),)),
        Decimal(500_000),
        False,
    ),
    ("order size", "nothing is sent", lambda: replace(Case(), fund=sized(0.01), units=None), Decimal(500_000), True),
]
