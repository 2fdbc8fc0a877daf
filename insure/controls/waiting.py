"""What standing still costs: the trade that a breaker keeps back, and how much room is left to wait.

For an insured fund waiting is a position too. A fall x that is not traded turns the effective multiple m into
m (1 - x) / (1 - m x) (docs/theory.md, "CPPI and TIPP"). These figures are written at every heartbeat until somebody
moves the breaker back.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from insure.controls.breakers import BreakerStanding
from insure.decision import Decision
from insure.fund import Fund

KINDS = ("waiting",)
"""Statements of what waiting costs."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The cost of waiting of one fund at one moment."""

    fund_id: str
    state: str
    since: dt.datetime
    minutes: float
    """Since the breaker moved."""
    backlog_units: float | None
    """Units that the rule would buy (below zero: sell) now and the breaker keeps back: at REDUCE_ONLY no sale is, as
    long as no option has to be bought with it. None where no price could be seen."""
    backlog_money: float | None
    backlog_weight: float | None
    """The same, of NAV."""
    effective_multiple: float | None
    """Equity over cushion; None where there is no cushion or no floor."""
    gap_budget: float | None
    """Instant fall that reaches the floor; None where none does."""
    to_floor: float | None
    """Money left above the floor; below zero after a breach, None where no floor is promised."""
    price: Decimal | None
    money: float
    """What waiting came to so far against having traded, below zero a loss."""
    to_escalation: float
    """Minutes until people are told again."""
    escalations: int
    """How often that time has passed already."""
    unseen: str = ""
    """Why nothing could be valued; empty where it could."""

    @property
    def sentence(self) -> str:
        """In words."""
        begun = f"{self.state} for {self.minutes:,.0f} minutes."
        escalates = f"People are told again in {self.to_escalation:,.0f} minutes."
        if self.unseen or self.backlog_units is None:
            return f"{begun} Not computed: {self.unseen} {escalates}"
        side = "to buy" if self.backlog_units > 0.0 else "to sell"
        backlog = (
            f"{abs(self.backlog_units):,.2f} units {side} are waiting ({abs(self.backlog_money or 0.0):,.2f}, "
            f"{abs(self.backlog_weight or 0.0):.2%} of the fund)."
            if self.backlog_units
            else "The breaker keeps nothing back."
        )
        multiple = (
            "" if self.effective_multiple is None else f" Equity is {self.effective_multiple:.2f} times the cushion."
        )
        if self.gap_budget is None:
            gap = " No fall reaches the floor." if self.to_floor is not None else ""
        else:
            gap = f" A fall of {self.gap_budget:.2%} reaches the floor."
        return f"{begun} {backlog}{multiple}{gap} Waiting came to {self.money:+,.2f} so far. {escalates}"

    def content(self) -> dict[str, str]:
        """As its statement holds it: flat text, to the last digit."""
        figures: dict[str, object] = {
            "state": self.state,
            "since": _instant(self.since),
            "backlog_units": self.backlog_units,
            "backlog_money": self.backlog_money,
            "backlog_weight": self.backlog_weight,
            "effective_multiple": self.effective_multiple,
            "gap_budget": self.gap_budget,
            "to_floor": self.to_floor,
            "price": self.price,
            "money": self.money,
            "to_escalation": self.to_escalation,
            "escalations": self.escalations,
        }
        return {
            "sentence": self.sentence,
            **{key: "" if value is None else str(value) for key, value in figures.items()},
        }


def waiting(
    fund: Fund,
    breaker: BreakerStanding,
    wanted: Decision | str,
    before: Mapping[str, str] | None,
    now: dt.datetime,
) -> Waiting:
    """The cost of waiting now.

    Args:
        fund: the contract, for the time until people are told again.
        breaker: as it stands, not NORMAL.
        wanted: what the rule would decide now if nothing kept it back; or why that cannot be said.
        before: content of the last such statement; None for the first since the breaker moved.
        now: the clock.

    The money adds, from one statement to the next, what the units that were kept back would have earned: their number
    then, times the move of the price since.
    """
    since = breaker.since or now
    minutes = max((now - since).total_seconds() / 60.0, 0.0)
    limit = fund.controls.escalate_minutes
    escalations = int(minutes // limit)
    left = limit * (escalations + 1) - minutes
    same = before if before is not None and before.get("since") == _instant(since) else None
    money = float(same["money"]) if same is not None else 0.0
    valuation = None if isinstance(wanted, str) else wanted.valuation
    if isinstance(wanted, str) or valuation is None or wanted.ladder is None:
        unseen = wanted if isinstance(wanted, str) else wanted.reason
        return Waiting(
            fund.id, breaker.state, since, minutes, None, None, None, None, None, None, None, money, left, escalations,
            unseen,
        )  # fmt: skip
    price = wanted.snapshot.price
    units = _kept_back(breaker, wanted)
    if same is not None and same.get("price") and same.get("backlog_units"):
        money -= float(same["backlog_units"]) * float(price - Decimal(same["price"]))
    worth = units * float(price)
    return Waiting(
        fund_id=fund.id,
        state=breaker.state,
        since=since,
        minutes=minutes,
        backlog_units=units,
        backlog_money=worth,
        backlog_weight=worth / valuation.nav,
        effective_multiple=valuation.effective_multiple,
        gap_budget=valuation.gap_budget,
        to_floor=valuation.cushion if valuation.guarantee > 0.0 else None,
        price=price,
        money=money,
        to_escalation=left,
        escalations=escalations,
    )


def _kept_back(breaker: BreakerStanding, wanted: Decision) -> float:
    """Units that the breaker itself keeps back, as its check in the gate says: at REDUCE_ONLY no sale.

    What the checks of the decision alone refuse would not have been traded at NORMAL either.
    """
    units = 0.0 if wanted.trade is None else float(wanted.trade.units)
    buys = units > 0.0 or bool(wanted.option_trades)
    return units if buys or breaker.state != "REDUCE_ONLY" else 0.0


def _instant(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds")
