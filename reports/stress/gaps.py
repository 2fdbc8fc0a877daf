"""The stress report's gap ladder: instant moves before anything can be traded, and what they would cost."""

from collections.abc import Sequence

from insure.fund import Fund
from insure.simulation.crises import gap_rank, worst_days
from insure.stress import StressResult
from insure.stress.gaps import GapRung, MissingPiece, Survivable
from reports import filters
from reports.figures import Figure, Figures, Line, NotComputed
from reports.pictures import Curves, Mark
from reports.stress import formulas as of
from reports.stress.parts import Entry, Listing, Part, columns, floor_word, listing, text, tone

_SHOWN = (-0.40, -0.30, -0.25, -0.20, -0.15, -0.12, -0.10, -0.07, -0.05, -0.03, -0.01, 0.01, 0.05, 0.10, 0.20)
"""Moves of the standard ladder that the table has; every one stands in the figures of the picture."""
_APART = 0.04
"""Real days that are marked in the picture lie so far from each other, so that their names can be read."""

_FLOOR = (("Floor", of.FLOOR), ("Shortfall", of.SHORTFALL), ("Floor holds", of.CUSHION))
_LEAD = (
    "Each row is an instant move of the index from where it stands, before anything can be traded: the fund holds what "
    "it holds. The target is what its own decision goes to afterwards, the trade what that takes."
)


def gaps(fund: Fund, result: StressResult) -> Part:
    """Fall against value, floor, shortfall and stock sold."""
    rungs = sorted(result.gaps, key=lambda rung: rung.move)
    if not rungs:
        return Part("gaps", "Gap ladder", "No instant move was asked for.")
    found = result.survivable
    return Part(
        "gaps",
        "Gap ladder",
        _sentence(found),
        (_LEAD,),
        _survival(found) if result.floor else {},
        _pictures(fund, rungs, found),
        listings=(_ladder(fund, rungs), *_days(fund, result, found), *_missing_piece(fund, found)),
        missing=(
            *(() if found is None else found.not_computed),
            *(said for said in result.not_computed if said.startswith("not computed: days of volume")),
        ),
    )


def _sentence(found: Survivable | None) -> str:
    if found is None or found.fall is None:
        return "No instant fall of the index reaches the floor." if found is None else found.sentence
    if not found.fall > 0.0:
        return "The fund stands at its floor or below: it survives no fall."
    fall = filters.percent(found.fall)
    if found.rank is None:
        return f"An instant fall of {fall} reaches the floor; falls of less than 5% are too common to be ranked."
    if not found.deeper:
        return f"An instant fall of {fall} reaches the floor; no day of the S&P 500 from 1950 to 2020 was as deep."
    count = len(found.deeper)
    days = "one day" if count == 1 else f"{count} days"
    return (
        f"An instant fall of {fall} reaches the floor; {days} of the S&P 500 from 1950 to 2020 "
        f"{'was' if count == 1 else 'were'} as deep or deeper."
    )


def _survival(found: Survivable | None) -> Figures:
    if found is None:
        return {}
    none = NotComputed("no fall reaches the floor")
    no_model, unranked = none, none
    if found.fall is not None:
        reached = NotComputed("the floor is already reached")
        no_model = NotComputed("no jump model was fitted") if found.fall > 0.0 else reached
        unranked = NotComputed("falls of less than 5% are not ranked") if found.fall > 0.0 else reached
    return {
        "fall": of.GAP.figure("Largest gap survived", none if found.fall is None else found.fall, "weight"),
        "rank": of.RANK.figure("Place among real days", unranked if found.rank is None else found.rank, "count"),
        "frequency": of.FREQUENCY.figure(
            "Days as deep, S&P 500", unranked if found.frequency is None else found.frequency, "probability"
        ),
        "own_frequency": of.FREQUENCY.figure(
            f"Days as deep, own history of {filters.number(found.own_returns, 0)} returns",
            NotComputed("no history was given") if found.own_frequency is None else found.own_frequency,
            "probability",
        ),
        "model_probability": of.JUMPS.figure(
            "Under fitted jumps, one session",
            no_model if found.model_probability is None else found.model_probability,
            "probability",
        ),
        "model_probability_to_horizon": of.JUMPS.figure(
            "Under fitted jumps, to the horizon",
            no_model if found.model_probability_to_horizon is None else found.model_probability_to_horizon,
            "probability",
        ),
    }


def _pictures(fund: Fund, rungs: Sequence[GapRung], found: Survivable | None) -> tuple[Curves, ...]:
    moves = tuple(rung.move for rung in rungs)
    if len(moves) < 2:
        return ()
    lines = [Line("Fund", "fund", tuple(rung.nav for rung in rungs))]
    if any(rung.twin is not None for rung in rungs):
        lines.append(Line("With true put", "twin", tuple(rung.twin for rung in rungs)))
    if any(rung.floor is not None for rung in rungs):
        lines.append(Line("Floor", "floor", tuple(rung.floor for rung in rungs)))
    broken = [rung for rung in rungs if rung.breached]
    if all(rung.floor is None for rung in rungs):
        told = " No floor is promised."
    elif len(broken) == len(rungs):
        told = " Below the floor at every one of them; what is missing to it is hatched."
    elif broken:
        told = f" Below the floor from {filters.percent(broken[-1].move, 0)} on; what is missing to it is hatched."
    else:
        told = " The floor holds at every one of them."
    span = f"from {filters.percent(moves[0], 0)} to {filters.percent(moves[-1], 0, signed=True)}"
    value = Curves(
        "gap-value",
        "Value after an instant move",
        f"{_named(lines)}, {fund.currency}, {span} of the index.{told}",
        "Move of the index",
        "weight",
        "money",
        moves,
        tuple(lines),
        _marks(moves, found),
        shortfall=True,
    )
    if not any(rung.trade_money for rung in rungs):
        return (value,)
    trade = Curves(
        "gap-trade",
        "Stock that the next decision trades",
        f"Bought above zero, sold below zero and hatched, {fund.currency} at the price after the move.",
        "Move of the index",
        "weight",
        "money",
        moves,
        (Line("Traded", "fund", tuple(rung.trade_money for rung in rungs)),),
        bars=True,
    )
    return value, trade


def _named(lines: Sequence[Line]) -> str:
    """What a picture shows, in words."""
    words = {"Fund": "Fund", "With true put": "the same capital with a true put", "Floor": "floor"}
    named = [words[line.name] for line in lines]
    return named[0] if len(named) == 1 else ", ".join(named[:-1]) + " and " + named[-1]


def _marks(moves: Sequence[float], found: Survivable | None) -> tuple[Mark, ...]:
    marks: list[Mark] = []
    for worst in worst_days():
        if moves[0] <= worst.fall and all(abs(worst.fall - mark.at) >= _APART for mark in marks):
            marks.append(Mark(worst.fall, filters.day(worst.day)))
    marks = marks[:2]
    if found is not None and found.fall is not None and 0.0 < found.fall <= -moves[0]:
        marks.append(Mark(-found.fall, f"floor at {filters.percent(-found.fall, 1)}"))
    return tuple(marks)


def _ladder(fund: Fund, rungs: Sequence[GapRung]) -> Listing:
    few = len(rungs) <= len(_SHOWN) + 5
    # Columns that would say the same in every row are left out; why there is no volume stands under the tables.
    floors = any(rung.floor is not None for rung in rungs)
    volume = any(rung.volume_days is not None for rung in rungs)
    held = any(rung.outcome != "OK" for rung in rungs)
    shown = [rung for rung in rungs if few or any(abs(rung.move - move) < 1e-9 for move in _SHOWN)]
    return listing(
        "ladder",
        f"Instant moves, money in {fund.currency}.",
        "Move",
        columns(
            ("Fund", of.NAV),
            ("With true put", of.TWIN),
            *(_FLOOR if floors else ()),
            ("Slippage added", of.SLIPPAGE),
            ("New target", of.TARGET),
            ("Trade", of.TRADE),
            *((("Days of volume", of.VOLUME),) if volume else ()),
            *((("Decision", of.DRIVEN),) if held else ()),
        ),
        tuple(_rung(rung, floors=floors, volume=volume, held=held) for rung in shown),
        "None was asked for.",
    )


def _rung(rung: GapRung, *, floors: bool, volume: bool, held: bool) -> Entry:
    no_twin = NotComputed("no twin")
    days = rung.volume_days
    no_volume, nothing = NotComputed("no volume in the feed"), NotComputed("nothing was decided")
    return Entry(
        f"{'down' if rung.move < 0.0 else 'up'}-{abs(rung.move) * 100:.4g}",
        Figure("Move", rung.move, "change"),
        (
            Figure("Fund", rung.nav, "money"),
            Figure("With true put", no_twin if rung.twin is None else rung.twin, "money"),
            *(_floor(rung) if floors else ()),
            Figure("Slippage added", no_twin if rung.slippage is None else rung.slippage, "gain"),
            Figure("New target", nothing if rung.target_weight is None else rung.target_weight, "weight"),
            Figure("Trade", rung.trade_money, "gain"),
            *([Figure("Days of volume", no_volume if days is None else days, "number")] if volume else []),
            *([text("Decision", "held for a person" if rung.outcome == "HELD" else rung.outcome)] if held else []),
        ),
        tone(broken=rung.breached),
    )


def _floor(rung: GapRung) -> tuple[Figure, ...]:
    """Floor, what is missing to it, and whether it holds."""
    none = NotComputed("no floor")
    return (
        Figure("Floor", none if rung.floor is None else rung.floor, "money"),
        Figure("Shortfall", none if rung.floor is None else max(rung.floor - rung.nav, 0.0), "money"),
        floor_word(broken=None if rung.floor is None else rung.breached),
    )


def _days(fund: Fund, result: StressResult, found: Survivable | None) -> tuple[Listing, ...]:
    """Real days on the fund as it stands: those that break the floor, and the deepest that do not."""
    if found is None or found.fall is None or result.floor is None:
        return ()
    deeper = gap_rank(found.fall).deeper
    shown = worst_days()[: max(8, min(len(deeper) + 3, 20))]
    # What options held are worth after a fall is not in the result; whether the floor holds is.
    linear = not fund.holds_options
    equity = result.weight * result.nav
    rows = []
    for worst in shown:
        broken = -worst.fall > found.fall
        left = result.nav + equity * worst.fall - result.floor
        rows.append(
            Entry(
                filters.day(worst.day),
                Figure("Session", worst.day, "date"),
                (
                    Figure("Index", worst.fall, "change"),
                    *([Figure("Above the floor", left, "gain")] if linear else []),
                    floor_word(broken=broken),
                ),
                tone(broken=broken),
            )
        )
    return (
        listing(
            "days",
            "The worst sessions of the S&P 500 since 1950, each at once on what is held today.",
            "Session",
            columns(
                ("Index", of.RANK),
                *((("Above the floor", of.CUSHION),) if linear else ()),
                ("Floor holds", of.GAP),
            ),
            tuple(rows),
            "None.",
        ),
    )


def _missing_piece(fund: Fund, found: Survivable | None) -> tuple[Listing, ...]:
    if found is None or not found.missing:
        return ()
    vol = filters.percent(found.missing[0].vol, 1)
    return (
        listing(
            "missing-piece",
            f"Price of what lies beyond the gap that is survived: puts on all units held, {fund.currency}, at a "
            f"volatility of {vol}.",
            "Term",
            columns(
                ("Strike", of.GAP),
                ("Gap put", of.PUT),
                ("With jumps", of.PUT),
                ("Put spread", of.PUT),
                ("With jumps", of.PUT),
            ),
            tuple(_piece(piece) for piece in found.missing),
            "None.",
        ),
    )


def _piece(piece: MissingPiece) -> Entry:
    no_jumps = NotComputed("no jump model was fitted")
    no_spread = NotComputed("the fund survives more than the spread pays down to")
    spread_jumps: float | NotComputed = no_jumps
    if piece.put_spread_jumps is not None:
        spread_jumps = piece.put_spread_jumps
    elif piece.sold_strike is None:
        spread_jumps = no_spread
    return Entry(
        piece.label.replace(" ", "-"),
        text("Term", piece.label),
        (
            Figure("Strike", piece.strike, "price"),
            Figure("Gap put", piece.gap_put, "money"),
            Figure("With jumps", no_jumps if piece.gap_put_jumps is None else piece.gap_put_jumps, "money"),
            Figure("Put spread", no_spread if piece.put_spread is None else piece.put_spread, "money"),
            Figure("With jumps", spread_jumps, "money"),
        ),
    )
