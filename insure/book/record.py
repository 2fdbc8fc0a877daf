"""A decision as kept: the whole of it, as canonical JSON that reads back to the same values, bit for bit."""

import datetime as dt
import hashlib
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from pydantic import ConfigDict, TypeAdapter, ValidationError

from insure.accrual import Accrual
from insure.decision import Decision, Holdings, Ladder
from insure.decision.options import marked
from insure.errors import BookError, InsureError
from insure.flows import Dealt
from insure.money import money
from insure.orders import Fill, Order
from insure.slippage import Track
from insure.strategies.legs import Leg


@dataclass(frozen=True, slots=True)
class Record:
    """One decision with its effects."""

    __pydantic_config__ = ConfigDict(ser_json_inf_nan="strings")

    fund_id: str
    session: dt.date
    slot: str
    due: dt.datetime
    written: dt.datetime
    code_version: str
    decision: Decision
    accrual: Accrual
    ladder: Ladder | None
    """With the rung ``executed``; None where nothing was decided."""
    orders: tuple[Order, ...]
    fills: tuple[Fill, ...]
    after: Holdings
    track: Track | None
    """Slippage of the period in force, after this decision's costs."""
    closed: Track | None
    """Slippage of the period that ended here."""
    track_missing: str
    """Why there is no track; empty where there is one."""
    flows: tuple[Dealt, ...] = ()
    """Flows dealt before the decision, in order; its holdings and memory are those after them."""

    option_years: tuple[float, ...] = ()
    """Years to the expiry of each of the options of ``after``, by the fund's day count."""
    paused: str = ""
    """Why a purchase was decided and not executed in its slot; empty where nothing was paused."""
    went_on: str = ""
    """In what market, too wide or too thin to buy in, was traded all the same; empty in an ordinary one."""

    @property
    def option_legs(self) -> tuple[Leg, ...]:
        """The options held after the trade, as ``decision.options.marked`` takes them."""
        pairs = zip(self.after.options, self.option_years, strict=True)
        return tuple(Leg(one.kind, float(one.units), float(one.strike), -years) for one, years in pairs)

    @property
    def options_money(self) -> Decimal:
        """What they are worth at the volatility of the true put, to the cent."""
        return money(marked(self.option_legs, self.decision.snapshot).value) if self.after.options else Decimal(0)

    @property
    def equity(self) -> Decimal:
        """Money in stock after the trade."""
        return self.after.units * self.decision.snapshot.price

    @property
    def nav(self) -> Decimal:
        """Net asset value after the trade: stock, cash and options; exact but for the cent of the options' mark."""
        return self.equity + self.after.cash + self.options_money

    @property
    def nav_before(self) -> Decimal:
        """Net asset value before the trade, exact but for the cent of the options' mark."""
        held, decision = self.decision.holdings, self.decision
        valuation = decision.ended if decision.valuation is None else decision.valuation
        book = None if valuation is None else valuation.option_book
        options = Decimal(0) if book is None else money(book.value)
        return held.units * decision.snapshot.price + held.cash + options

    def canonical(self) -> str:
        """The JSON that is kept and hashed: exact decimals as text, floats to the last bit."""
        return _adapter().dump_json(self).decode()

    @classmethod
    def read(cls, text: str) -> "Record":
        """The record that ``canonical`` wrote.

        Raises:
            BookError: the text is no record of this version.
        """
        try:
            return _adapter().validate_json(text)
        except ValidationError as error:
            raise BookError(f"A decision in the book cannot be read: {error.errors()[0]['msg']}.") from error
        except InsureError as error:
            raise BookError(f"A decision in the book cannot be read: {error}") from error


def sha256(text: str) -> str:
    """Hash of a text, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=1)
def _adapter() -> TypeAdapter[Record]:
    return TypeAdapter(Record)
