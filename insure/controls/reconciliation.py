"""Reconciliation: positions, cash and orders of the book against what broker, custodian or administrator report.

What is reported is authoritative; what is not mentioned is not reported, and never zero. A difference is

- none, within the tolerance of its kind;
- timing, where the book itself knows why: trades between trade date and settlement, orders in flight, flows that wait;
- a break else, which somebody has to explain or cure (``insure.controls.breaks``).

Orders have an equation of their own, key by key and whatever a file says: executed <= sent <= decided, the same way.
"""

import datetime as dt
import hashlib
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from insure.book import Statement
from insure.book.booked import Booked, Moved, OrderLife
from insure.broker.reported import Basis, Reported, ReportedOrder
from insure.controls import breaks
from insure.controls.breaks import CUSTODIAN, Break, BreakKind
from insure.dates import Calendar
from insure.errors import InvalidInput
from insure.fund import Fund

KINDS = ("reconciliation",)
Verdict = Literal["agrees", "timing", "break", "not reported"]
_MOST_FLOWS = 10
"""Up to so many flows are tried one by one; more than that only all together."""
_FILES = ("positions", "cash", "orders")
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was compared."""

    kind: BreakKind
    subject: str
    """The instrument, the currency, or the order's key."""
    booked: Decimal
    reported: Decimal | None
    """None where it was not reported."""
    verdict: Verdict
    words: str
    own: bool = False
    """Whether the book was held against itself: no file says anything of it."""

    @property
    def difference(self) -> Decimal | None:
        """Reported less booked."""
        return None if self.reported is None else self.reported - self.booked


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What came out of comparing a fund with one report."""

    fund_id: str
    as_of: dt.datetime
    session: dt.date
    lines: tuple[Line, ...]
    shas: tuple[tuple[str, str], ...]
    """Kind and SHA-256 of each file."""
    source: str = CUSTODIAN
    """Who reported it."""

    @property
    def breaks(self) -> tuple[Line, ...]:
        """Differences that nothing explains."""
        return tuple(line for line in self.lines if line.verdict == "break")

    @property
    def complete(self) -> bool:
        """Whether all that the book holds was reported, positions among it."""
        told = "positions" in dict(self.shas)
        return told and all(line.verdict != "not reported" for line in self.lines)

    @property
    def result_sha256(self) -> str:
        """Hash of what was found, line by line; orders that agree are left out, of which fewer are looked at later."""
        found = [
            [line.kind, line.subject, str(line.booked), str(line.reported), line.verdict]
            for line in self.lines
            if not (line.kind == "orders" and line.verdict == "agrees")
        ]
        return hashlib.sha256(json.dumps(found).encode()).hexdigest()

    def content(self) -> dict[str, str]:
        """What is stated of it."""
        tally = {verdict: sum(line.verdict == verdict for line in self.lines) for verdict in _VERDICTS}
        told = ", ".join(f"{count} {verdict}" for verdict, count in tally.items() if count)
        return {
            "sentence": (
                f"{self.fund_id} was reconciled with its {self.source} as of {self.as_of:%Y-%m-%d %H:%M} UTC: "
                f"{told or 'nothing was compared'}."
            ),
            "source": self.source,
            "as_of": self.as_of.isoformat(timespec="microseconds"),
            "session": self.session.isoformat(),
            "complete": "yes" if self.complete else "no",
            "breaks": str(len(self.breaks)),
            "timing": " ".join(line.words for line in self.lines if line.verdict == "timing"),
            "judgement": "breached" if self.breaks else "kept" if self.complete else "alert",
            "result_sha256": self.result_sha256,
            **{f"{kind}_sha256": sha for kind, sha in self.shas},
        }


_VERDICTS: tuple[Verdict, ...] = ("agrees", "timing", "break", "not reported")


def reconcile(
    fund: Fund, calendar: Calendar, booked: Booked, reported: Reported, source: str = CUSTODIAN
) -> Reconciliation:
    """Compare a fund with a report; pure.

    Args:
        fund: for its tolerances, its currency and its time to settlement.
        calendar: the fund's.
        booked: what the book has; it is looked at as of the report's own moment.
        reported: what was reported.
        source: who reported it; each has a time line and breaks of its own.
    """
    lines = [*_units(fund, calendar, booked, reported), *_cash(fund, calendar, booked, reported)]
    lines += _orders(fund, booked, reported)
    shas = tuple(sorted((kind, file.sha256) for kind, file in reported.files.items()))
    return Reconciliation(fund.id, reported.as_of, reported.session, tuple(lines), shas, source)


def known(said: Sequence[Statement], found: Reconciliation, standing: Sequence[Break] = ()) -> bool:
    """Whether the same files led to the same the last time that this source reported them: nothing is stated again.

    What was cured by another report meanwhile is found anew, and stated.

    Raises:
        InvalidInput: it is not known, and a later report of this source was reconciled already.
    """
    own = [one for one in said if one.content.get("source", CUSTODIAN) == found.source]
    kinds = {kind for kind, _ in found.shas}
    alike = [one for one in own if {kind for kind in _FILES if f"{kind}_sha256" in one.content} == kinds]
    if alike and _same(alike[-1], found):
        opened = {(one.source, one.kind, one.subject) for one in standing}
        return all((_source(line, found), line.kind, line.subject) in opened for line in found.breaks)
    shared = [one for one in own if any(f"{kind}_sha256" in one.content for kind in kinds)]
    later = [one.content["as_of"] for one in shared if dt.datetime.fromisoformat(one.content["as_of"]) > found.as_of]
    if later:
        raise InvalidInput(
            f"The report is as of {found.as_of.isoformat()}; {found.fund_id} was reconciled with its {found.source} as "
            f"of {max(later)} already. Nothing was recorded."
        )
    return False


def _same(one: Statement, found: Reconciliation) -> bool:
    content = one.content
    same = content.get("result_sha256") == found.result_sha256 and content.get("as_of") == found.content()["as_of"]
    return same and all(content.get(f"{kind}_sha256") == sha for kind, sha in found.shas)


def _source(line: Line, found: Reconciliation) -> str:
    return breaks.BOOK if line.own else found.source


def following(found: Reconciliation, standing: Sequence[Break]) -> list[dict[str, str]]:
    """What is stated of breaks after a reconciliation: opened, changed and cured; the rest stays as it was."""
    before = {(one.source, one.kind, one.subject): one for one in standing}
    said: list[dict[str, str]] = []
    for line in found.lines:
        source = _source(line, found)
        one = before.get((source, line.kind, line.subject))
        if line.kind == "orders" and source != breaks.BOOK and line.verdict != "break":
            # A line about a file says that the book's own equation holds: it is looked at before any file.
            own = before.get((breaks.BOOK, line.kind, line.subject))
            said += [] if own is None else [breaks.curing(own, found.session, line.words)]
        if line.verdict == "break" and line.reported is not None:
            if one is None:
                said.append(
                    breaks.opening(
                        line.kind, line.subject, line.booked, line.reported, found.session, line.words, source
                    )
                )
            else:
                changed = breaks.changing(one, line.booked, line.reported, found.session, line.words)
                said += [] if changed is None else [changed]
        elif one is not None and line.verdict in {"agrees", "timing"}:
            said.append(breaks.curing(one, found.session, line.words))
    return said


def reconciled_sessions(said: Sequence[Statement], calendar: Calendar, session: dt.date) -> int | None:
    """Sessions from the last report that told of all positions to ``session``; None where there was none.

    Differences that it found are judged by ``breaks.unexplained``.
    """
    for one in reversed(said):
        if one.content.get("complete") == "yes":
            last = dt.date.fromisoformat(one.content["session"])
            return calendar.count(min(last, session), session)
    return None


def _settled(fund: Fund, calendar: Calendar, moved: Moved, session: dt.date) -> bool:
    traded = calendar.current_or_previous(moved.at)
    return traded is None or calendar.offset(traded, fund.controls.settlement_sessions) <= session


def _under_way(fund: Fund, calendar: Calendar, booked: Booked, name: str, at: dt.datetime) -> Decimal:
    """What fills that are booked and not settled moved."""
    session = calendar.current_or_previous(at)
    if session is None:
        return _ZERO
    fills = [one for one in booked.moved if one.kind == "fill" and one.instrument == name and one.at <= at]
    return sum((one.amount for one in fills if not _settled(fund, calendar, one, session)), _ZERO)


def _bases(basis: Basis | None, unsettled: Decimal) -> list[tuple[Decimal, str]]:
    """What may be missing from the book's figure on each basis that the report may have, with the words for it."""
    trade = (_ZERO, "")
    settlement = (-unsettled, "trades up to settlement")
    return {"trade": [trade], "settlement": [settlement], None: [trade, settlement]}[basis]


def _units(fund: Fund, calendar: Calendar, booked: Booked, reported: Reported) -> list[Line]:
    if "positions" not in reported.files:
        return []
    at, tolerance = reported.as_of, fund.controls.tolerance_units
    told = {each.instrument for each in reported.positions}
    lines = [
        Line("units", name, booked.held(name, at), None, "not reported", f"{name} is held and was not reported.")
        for name in booked.instruments(at)
        if name not in told
    ]
    for each in reported.positions:
        held = booked.held(each.instrument, at)
        away = each.units - held
        flight = [one for one in booked.orders if one.instrument == each.instrument and one.open]
        low, high = _range([_left(one, at) for one in flight])
        verdict, words = _verdict(
            away,
            _bases(each.basis, _under_way(fund, calendar, booked, each.instrument, at)),
            [],
            (low, high, _keys(flight)),
            tolerance,
        )
        words = f"{each.instrument}: {each.units:,f} units reported, {held:,f} booked, {away:+,f}{words}"
        lines.append(Line("units", each.instrument, held, each.units, verdict, words))
    return lines


def _cash(fund: Fund, calendar: Calendar, booked: Booked, reported: Reported) -> list[Line]:
    if "cash" not in reported.files:
        return []
    at = reported.cash_as_of
    told = {} if reported.cash is None else {each.currency: each for each in reported.cash}
    lines = []
    if at is None or fund.currency not in told:
        held = booked.held("", reported.as_of)
        words = f"Cash in {fund.currency} was not reported."
        lines.append(Line("cash", fund.currency, held, None, "not reported", words))
    if at is None:
        return lines
    for each in told.values():
        own = each.currency == fund.currency
        held = booked.held("", at) if own else _ZERO
        away, tolerance = each.amount - held, fund.controls.tolerance_cash_money if own else _ZERO
        verdict: Verdict = "break" if away else "agrees"
        words = "."
        if own:
            open_orders = [one for one in booked.orders if one.open]
            verdict, words = _verdict(
                away,
                _bases(each.basis, _under_way(fund, calendar, booked, "", at)),
                _flows(fund, calendar, booked, at),
                (*_range([_worth(fund, one, at) for one in open_orders]), _keys(open_orders)),
                tolerance,
            )
        words = f"Cash: {each.amount:,.2f} {each.currency} reported, {held:,.2f} booked, {away:+,.2f}{words}"
        lines.append(Line("cash", each.currency, held, each.amount, verdict, words))
    return lines


def _verdict(
    away: Decimal,
    bases: Sequence[tuple[Decimal, str]],
    flows: Sequence[tuple[Decimal, str]],
    flight: tuple[Decimal, Decimal, str],
    tolerance: Decimal,
) -> tuple[Verdict, str]:
    """Whether a difference is none, timing or a break, and the end of its sentence."""
    low, high, keys = flight
    fitting: list[tuple[int, str]] = []
    for (base, why), some in itertools.product(bases, _choices(flows)):
        rest = away - base - sum((money for money, _ in some), _ZERO)
        reasons = ([why] if base else []) + [what for _, what in some]
        if abs(rest) <= tolerance:
            fitting.append((len(reasons), ", ".join(reasons)))
        elif low - tolerance <= rest <= high + tolerance:
            fitting.append((len(reasons) + 1, ", ".join([*reasons, f"in flight: {keys}"])))
    if not fitting:
        return "break", f", beyond the tolerance of {tolerance:f}, and nothing in the book explains it."
    count, reasons_told = min(fitting)
    return ("agrees", ".") if count == 0 else ("timing", f"; timing: {reasons_told}.")


def _choices(flows: Sequence[tuple[Decimal, str]]) -> list[tuple[tuple[Decimal, str], ...]]:
    if len(flows) > _MOST_FLOWS:
        return [(), tuple(flows)]
    return [some for count in range(len(flows) + 1) for some in itertools.combinations(flows, count)]


def _flows(fund: Fund, calendar: Calendar, booked: Booked, at: dt.datetime) -> list[tuple[Decimal, str]]:
    """Money that may be with the bank before the book deals it, or not yet there although the book did."""
    session = calendar.current_or_previous(at)
    if session is None:
        return []
    soon = calendar.offset(session, fund.controls.settlement_sessions)
    found = [(flow.money, f"{flow.key} waits to be dealt") for flow in booked.waiting if flow.session <= soon]
    return found + [
        (-one.amount, f"{one.key} was dealt and is not settled")
        for one in booked.moved
        if one.kind == "flow" and not one.instrument and one.at <= at and not _settled(fund, calendar, one, session)
    ]


def _left(one: OrderLife, at: dt.datetime) -> Decimal:
    return one.sent - one.filled_at(at)


def _worth(fund: Fund, one: OrderLife, at: dt.datetime) -> Decimal:
    """Most that what is left of an order may have moved cash by: at the far end of the price collar."""
    far = 1 + Decimal(repr(fund.controls.price_collar_bps)) / 10_000
    return -_left(one, at) * one.price * far


def _range(amounts: Sequence[Decimal]) -> tuple[Decimal, Decimal]:
    """From the most that went one way to the most that went the other; both zero where nothing is in flight."""
    return sum((min(one, _ZERO) for one in amounts), _ZERO), sum((max(one, _ZERO) for one in amounts), _ZERO)


def _keys(orders: Sequence[OrderLife]) -> str:
    return ", ".join(one.key for one in orders)


def _orders(fund: Fund, booked: Booked, reported: Reported) -> list[Line]:
    told = {} if reported.orders is None else {each.key: each for each in reported.orders}
    lives = {one.key: one for one in booked.orders}
    lines = []
    for one in booked.orders:
        line = _own(fund, one) or _against(fund, one, told.get(one.key), reported)
        if line is not None:
            lines.append(line)
    for each in told.values():
        if each.key not in lives:
            words = f"Order {each.key}: {each.units:+,f} units reported; the book has no such order."
            lines.append(Line("orders", each.key, _ZERO, each.units, "break", words))
    return lines


def _own(fund: Fund, one: OrderLife) -> Line | None:
    """The equation of the book itself: executed <= sent <= decided; None where it holds."""
    tolerance = fund.controls.tolerance_order_units
    for more, less, what in (
        (one.sent, one.decided, "sent and {} decided"),
        (one.filled, one.sent, "executed and {} sent"),
    ):
        if not (abs(more) <= abs(less) + tolerance and more * less >= 0):
            words = f"Order {one.key}: {more:+,f} units were {what.format(f'{less:+,f}')}."
            return Line("orders", one.key, less, more, "break", words, own=True)
    return None


def _against(fund: Fund, one: OrderLife, told: ReportedOrder | None, reported: Reported) -> Line | None:
    tolerance, key = fund.controls.tolerance_order_units, one.key
    if "orders" not in reported.files:
        words = f"Order {key}: {one.decided:+,f} decided, {one.sent:+,f} sent, {one.filled:+,f} executed."
        return Line("orders", key, one.sent, one.sent, "agrees", words, own=True)
    if told is None:
        due = one.open and one.session <= reported.session
        words = f"Order {key} is open and was not reported."
        return Line("orders", key, one.sent, None, "not reported", words) if due else None
    if told.instrument and told.instrument != one.instrument:
        words = f"Order {key}: reported in {told.instrument}, sent in {one.instrument}."
        return Line("orders", key, one.sent, told.units, "break", words)
    if not abs(told.units - one.sent) <= tolerance:
        words = f"Order {key}: {told.units:+,f} units reported, {one.sent:+,f} sent."
        return Line("orders", key, one.sent, told.units, "break", words)
    filled = one.filled_at(reported.orders_as_of or reported.as_of)
    words = f"Order {key}: {told.filled:+,f} units reported as executed, {filled:+,f} booked"
    verdict: Verdict = "break"
    why = f"; the order is {one.state}."
    if abs(told.filled - filled) <= tolerance:
        verdict, why = "agrees", "."
    elif one.open and abs(told.filled) > abs(filled):
        verdict, why = "timing", "; timing: its fills are to be imported."
    return Line("orders", key, filled, told.filled, verdict, f"{words}{why}")
