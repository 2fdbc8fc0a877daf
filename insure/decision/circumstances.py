"""What surrounds a decision beside the market: the clock, the day so far, what stands approved, the state of controls.

It is recorded with the decision, so that the gate comes out again from the record as the rest does.
"""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from insure.arguments import fraction, not_negative
from insure.errors import InvalidInput

Breaker = Literal["NORMAL", "REDUCE_ONLY", "HALTED", "KILLED"]
"""NORMAL: all is sent; REDUCE_ONLY: sales; HALTED and KILLED: nothing. Automata move it downwards only."""
Phase = Literal["replay", "paper", "shadow", "pilot", "live-25", "live-50", "live-100"]
"""Of the roll-out, what stands (insure.controls.phases); a fund file's stage is what the contract wishes."""
BREAKERS: tuple[Breaker, ...] = ("NORMAL", "REDUCE_ONLY", "HALTED", "KILLED")
"""From the mildest to the gravest."""

RECENT_SESSIONS = 5
"""Sessions whose highest price a purchase is measured against: a week."""
EDITION = 2
"""Of the decision's rules; records of an earlier one are made again by that one's."""


@dataclass(frozen=True, slots=True)
class Override:
    """A person's word against the rule, for one slot."""

    sequence: int
    """Of its row on the chain."""
    by: str
    reason: str
    weight: float | None
    """Equity weight wanted instead; None for no trade at all."""

    def __post_init__(self) -> None:
        """A weight is a fraction of NAV."""
        if self.weight is not None:
            not_negative("weight", self.weight)


@dataclass(frozen=True, slots=True)
class Approval:
    """A proposal that as many people as the contract wants have approved."""

    proposal: int
    """Sequence of the proposal's row on the chain."""
    by: tuple[str, ...]
    units: Decimal
    """Of the index, signed, as proposed."""
    price: Decimal
    """At which it was proposed."""
    options: tuple[tuple[str, Decimal], ...] = ()
    """Instrument and signed units of each option of the proposal."""
    note: str = ""
    """What must be said of the people: "no second person" at a desk of one."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """How much of a decision the fund's phase lets through."""

    phase: Phase
    fraction: float
    """Of the change of weight that was decided."""
    cap_money: Decimal | None = None
    """Largest trade of one session, money; None for no cap."""

    def __post_init__(self) -> None:
        """A fraction of a trade, and a cap that lets something through."""
        fraction("fraction", self.fraction)
        if self.cap_money is not None and not self.cap_money >= 0:
            raise InvalidInput(f"cap_money is {self.cap_money}; it must be zero or more.")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskLimits:
    """What all funds of a desk may send together in one session; None is no limit."""

    largest_session_money: Decimal | None = None
    """Money decided, bought and sold, whatever its currency."""
    largest_session_orders: int | None = None
    """Child orders counted one by one."""
    largest_volume_fraction: float | None = None
    """Of the average volume of an instrument, in all orders for it together."""

    def __post_init__(self) -> None:
        """A limit lets something through."""
        for name in ("largest_session_money", "largest_session_orders", "largest_volume_fraction"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InvalidInput(f"{name} is {value}; it must be above zero.")

    @property
    def none(self) -> bool:
        """Whether nothing is limited."""
        return self == DeskLimits()


@dataclass(frozen=True, slots=True)
class DeskDay:
    """What all funds of the desk have sent in the session so far, beside what they may."""

    limits: DeskLimits
    money: Decimal
    """Of every order, at its decided price; an order at its end with what was filled of it."""
    orders: int
    units: Decimal
    """Of the instrument of this fund, bought and sold."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """The contract that decides, beside what people agreed to."""

    sha256: str
    """Of the contract that decides."""
    approved_sha256: str
    """Of the newest contract that people approved; empty where they approved none."""
    proposal: int | None
    """Sequence of the proposal that they approved it in."""
    approval: str
    """Who approves by the contract that decides: auto, approve or four_eyes."""
    missing: int
    """People who have yet to approve before it may take effect."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """An order decided earlier in the same session."""

    key: str
    instrument: str
    units: Decimal
    value: Decimal
    """Money at the decided price, positive."""
    filled: Decimal = Decimal(0)
    """Units executed of it so far, signed."""
    of_slot: bool = True
    """Whether the slot decided now decided it: under its own key, or one that took it up again."""
    orders: int = 1
    """That it was sent as: its child orders, or one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """All that the gate may look at beside the decision itself."""

    now: dt.datetime
    """The clock; in a replay the slot's own time."""
    opens: dt.datetime
    """Of the slot's session."""
    closes: dt.datetime
    price_sessions: int
    """Age of the price: sessions between its own and the slot's."""
    earlier: tuple[Ordered, ...] = ()
    """Orders of the same session, decided before."""
    taken: int = 0
    """Orders that already have the reference this decision would give."""
    last_price: Decimal | None = None
    """At the last decision that was not held; None before the first."""
    persons: bool = True
    """Whether there is anybody to ask; a replay has nobody."""
    contract_in_question: str = ""
    """Why the contract may not be decided on; empty where it is approved, or needs no approval."""
    code_sha256: str = ""
    approved_code_sha256: str = ""
    """Empty where the code needs no approval."""
    reconciled_sessions: int | None = None
    """Sessions since positions were last reconciled without a break; None where they never were."""
    reconciliation_wanted: bool = False
    """Whether there is anything outside to reconcile with: from the phase shadow on."""
    open_breaks: int = 0
    """Differences with the outside that are open and that nobody has explained."""
    breaker: Breaker = "NORMAL"
    breaker_reason: str = ""
    override: Override | None = None
    approvals_wanted: int = 0
    """People who must approve every trade."""
    approval: Approval | None = None
    phase: Phase | None = None
    """That stands; None in a what-if that asks no book."""
    rollout: Rollout | None = None
    """None where the whole decision goes through."""
    agreed: Agreed | None = None
    """None in a record of edition 1."""
    chain_sequence: int = 0
    """Of the newest row of the chain, which was held against its hash and the row before it."""
    chain_doubt: str = ""
    """What is wrong with that row; empty where nothing is."""
    lunch: tuple[dt.datetime, dt.datetime] | None = None
    """Between the trading hours of the morning and of the afternoon; None where the exchange goes on."""
    recent: tuple[tuple[dt.date, Decimal], ...] = ()
    """Highest price of each of the last sessions, at most ``RECENT_SESSIONS``, with a decision that was not held."""
    desk: DeskDay | None = None
    """None where ``desk.toml`` limits nothing."""
    edition: int = 1
    """Of the rules that decided, ``EDITION`` for what is decided now: 1 for a record from before they had any."""

    def __post_init__(self) -> None:
        """Instants are aware."""
        for name in ("now", "opens", "closes"):
            if getattr(self, name).tzinfo is None:
                raise InvalidInput(f"{name} is {getattr(self, name)}; every instant here is aware.")

    @property
    def minutes_outside(self) -> float:
        """How far now lies outside the trading hours of the session, minutes."""
        before, after = (self.opens - self.now).total_seconds(), (self.now - self.closes).total_seconds()
        return max(before, after, 0.0) / 60.0

    @property
    def minutes_early(self) -> float:
        """How long the exchange has yet to open in the morning or after lunch, minutes; 0 where it has."""
        if self.now < self.opens:
            return (self.opens - self.now).total_seconds() / 60.0
        if self.lunch is None or not self.lunch[0] < self.now < self.lunch[1]:
            return 0.0
        return (self.lunch[1] - self.now).total_seconds() / 60.0


def of_before(circumstances: Circumstances | None) -> bool:
    """Whether a decision is one of edition 1, which is made again as it was.

    It let the band's edge lie outside the limits and refused a sale that came down to no more than that, and it refused
    what was larger than one slot may trade instead of cutting it. It measured a change of the target after throttle and
    phase had cut it, let a limit pass that nothing could be held against, and said of every contract that people had
    approved it. It sent up to ``deadline_minutes`` before the open and over lunch, held no price limit against the
    market, looked one decision back for a fall, and left rows out that were off. It let a purchase lie above the
    highest weight once its costs were paid, counted a phase's part in each slot anew, and called the same order of an
    earlier slot a duplicate.
    """
    return circumstances is not None and circumstances.edition < EDITION
