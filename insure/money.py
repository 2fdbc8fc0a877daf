"""Exact money: amounts in minor units, quantities in millionths, both as ``Decimal``.

Mathematics is float. Money enters it in ``insure.decision.valuation`` and comes back out of it in
``insure.decision.trades``, through ``money`` and ``quantity`` here, and nowhere else.
"""

from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, localcontext

from insure.errors import InvalidInput

CENT = Decimal("0.01")
"""Minor unit of the book; currencies with fewer decimals use whole multiples of it."""
MILLIONTH = Decimal("0.000001")
"""Smallest quantity and smallest price step of the book."""

_WHOLE_UNIT_CURRENCIES = frozenset({"CLP", "ISK", "JPY", "KRW", "VND", "XAF", "XOF", "XPF"})
_THOUSANDTH_CURRENCIES = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


def minor_unit(currency: str) -> Decimal:
    """The smallest amount of a currency: 0.01, or 1 where it has no decimals (ISO 4217).

    Raises:
        InvalidInput: the currency counts in thousandths, which the book does not hold.
    """
    if currency in _THOUSANDTH_CURRENCIES:
        raise InvalidInput(f"currency is {currency!r}; it counts in thousandths, the book holds hundredths.")
    return Decimal(1) if currency in _WHOLE_UNIT_CURRENCIES else CENT


def money(amount: float | Decimal, currency: str = "USD") -> Decimal:
    """``amount`` to the currency's minor unit, halves to even."""
    return _quantised(amount, minor_unit(currency), ROUND_HALF_EVEN)


def quantity(units: float | Decimal) -> Decimal:
    """``units`` to the millionth, halves to even."""
    return _quantised(units, MILLIONTH, ROUND_HALF_EVEN)


def whole_lots(units: float, lot: Decimal) -> Decimal:
    """The largest whole number of lots not above ``units``."""
    count = quantity(units) / lot
    return count.to_integral_value(rounding=ROUND_FLOOR) * lot


def _quantised(amount: float | Decimal, step: Decimal, rounding: str) -> Decimal:
    exact = amount if isinstance(amount, Decimal) else Decimal(repr(float(amount)))
    if not exact.is_finite():
        raise InvalidInput(f"amount is {amount!r}; it must be finite to become money.")
    with localcontext(prec=40):
        return exact.quantize(step, rounding=rounding)
