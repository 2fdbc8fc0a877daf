"""What wakes a fund between its slots, judged purely: the last decision, what is seen now, and what the fund allows.

An event is worth a slot of its own, ``event-1``, ``event-2`` ... of its session, so that it is run once whoever saw it
and however many services watch. It is debounced against every slot of the fund, and bounded per session; what exceeds
the bound waits for the next slot of the timetable.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from insure.book import Record
from insure.dates import Calendar
from insure.decision import Decision
from insure.decision.band import band_width
from insure.fund import Fund
from insure.slots import Slot

EventKind = Literal["price move", "weight drift", "gap budget", "volatility jump"]
PREFIX = "event-"


@dataclass(frozen=True, slots=True)
class Trigger:
    """One thing that happened: what, how much, and the limit that it passed, as a sentence."""

    kind: EventKind
    sentence: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something that happened gets no slot of its own."""

    sentence: str
    spent: bool
    """Whether the session's event slots are used up."""


def triggered(fund: Fund, last: Record, now: Decision) -> list[Trigger]:
    """What happened since the last decision.

    Args:
        fund: whose triggers count; each is off at 0.
        last: the last decision as kept.
        now: what the fund would decide at this moment, from the same rule; nothing of it is traded.

    A price move is ``|S / S_last - 1|``, a drift the distance of the weight held from the ladder's rung ``limits``
    beyond the band's width, a jump of the volatility ``|v / v_last - 1|``. A figure that is no number triggers.
    """
    terms, found = fund.triggers, list[Trigger]()
    before, seen = last.decision.snapshot, now.snapshot
    if terms.price_move > 0.0:
        move = float(seen.price / before.price) - 1.0
        if not abs(move) < terms.price_move:
            found.append(
                Trigger(
                    "price move",
                    f"The price moved {move:+.2%} from {before.price:,f}, decided on {before.session}; "
                    f"the trigger stands at {terms.price_move:.2%}.",
                )
            )
    if terms.weight_drift > 0.0 and now.valuation is not None and now.ladder is not None:
        held, wanted, width = now.valuation.weight, now.ladder["limits"].weight, band_width(fund, now)
        drift = abs(held - wanted)
        if not drift - width < terms.weight_drift:
            found.append(
                Trigger(
                    "weight drift",
                    f"The weight held, {held:.2%}, is {drift * 100:.2f} points from the {wanted:.2%} that the fund "
                    f"would decide; the band is {width * 100:.2f} points, the trigger {terms.weight_drift * 100:.2f} "
                    "beyond it.",
                )
            )
    if terms.gap_budget > 0.0 and now.valuation is not None and now.valuation.gap_budget is not None:
        budget = now.valuation.gap_budget
        if now.valuation.equity > 0.0 and not budget > terms.gap_budget:
            found.append(
                Trigger(
                    "gap budget",
                    f"An instant fall of {budget:.2%} reaches the floor; the trigger stands at {terms.gap_budget:.2%}.",
                )
            )
    if terms.volatility_jump > 0.0 and before.volatility.vol > 0.0:
        change = seen.volatility.vol / before.volatility.vol - 1.0
        if not abs(change) < terms.volatility_jump:
            found.append(
                Trigger(
                    "volatility jump",
                    f"The hedge volatility went from {before.volatility.vol:.2%} to {seen.volatility.vol:.2%}, "
                    f"{change:+.0%}; the trigger stands at {terms.volatility_jump:.0%}.",
                )
            )
    return found


def event_slot(
    fund: Fund,
    calendar: Calendar,
    found: list[Trigger],
    taken: int,
    last_due: dt.datetime,
    last_started: dt.datetime,
    now: dt.datetime,
) -> Slot | Refusal:
    """The slot of its own that an event gets, or why it gets none.

    Args:
        fund: whose bounds count.
        calendar: of its exchange, which must be open.
        found: what happened, one thing or more.
        taken: event slots that this session had already.
        last_due: of the last slot that ran.
        last_started: when that run started.
        now: the clock.
    """
    session = calendar.current_or_previous(now)
    if session is None or not calendar.is_open(now):
        return Refusal(f"{calendar.name} is closed.", spent=False)
    quiet = max(last_due, last_started) + dt.timedelta(minutes=fund.triggers.debounce_minutes)
    if now < quiet:
        return Refusal(f"A slot ran at {last_started:%H:%M} UTC; no event slot before {quiet:%H:%M}.", spent=False)
    if taken >= fund.triggers.most_per_day:
        return Refusal(
            f"{found[0].sentence} The {fund.triggers.most_per_day} event slots of {session} are used up; this waits "
            "for the next slot.",
            spent=True,
        )
    return Slot(session, f"{PREFIX}{taken + 1}", now, " ".join(trigger.sentence for trigger in found))
