"""A decision as kept: the whole of it, as canonical JSON that reads back to the same values, bit for bit."""

import datetime as dt
import hashlib
from dataclasses import dataclass
from functools import lru_cache

from pydantic import ConfigDict, TypeAdapter, ValidationError

from insure.accrual import Accrual
from insure.decision import Decision, Holdings, Ladder
from insure.errors import BookError
from insure.orders import Fill, Order
from insure.slippage import Track


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


def sha256(text: str) -> str:
    """Hash of a text, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=1)
def _adapter() -> TypeAdapter[Record]:
    return TypeAdapter(Record)
