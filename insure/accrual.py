"""What happens to a fund between two decisions without anybody deciding: interest and dividends, exact."""

from dataclasses import dataclass
from decimal import Decimal

from insure.decision import Holdings
from insure.fund import Fund
from insure.market import Snapshot
from insure.money import money
from insure.pricing.elementary import exp


@dataclass(frozen=True, slots=True)
class Accrual:
    """Money since the decision before."""

    years: float
    interest: Decimal
    """May be negative, as rates may."""
    dividends: Decimal
    distributed: Decimal
    """Paid out to holders where the contract pays dividends out: those of the whole insured structure."""

    def after(self, holdings: Holdings) -> Holdings:
        """Holdings with the money booked."""
        return Holdings(holdings.units, holdings.cash + self.interest + self.dividends - self.distributed)


NOTHING_ACCRUED = Accrual(0.0, Decimal(0), Decimal(0), Decimal(0))


def accrued(
    fund: Fund, holdings: Holdings, before: Snapshot, now: Snapshot, years: float, structure_units: float
) -> Accrual:
    """Interest on cash at the rate known before, and dividends that went ex since.

    Args:
        fund: for its currency, and whether dividends are paid out.
        holdings: as the decision before left them.
        before: the snapshot before; its rate is what cash earned.
        now: its ``dividend`` is what one unit paid since.
        years: between the two, by the fund's day count.
        structure_units: units of the insured structure, whose dividends a contract that pays out owes its holders.
    """
    interest = money(float(holdings.cash) * (exp(before.rate * years) - 1.0), fund.currency)
    dividends = money(holdings.units * now.dividend, fund.currency)
    owed = Decimal(0)
    if fund.protection.dividends == "paid_out":
        owed = money(Decimal(repr(structure_units)) * now.dividend, fund.currency)
    return Accrual(years, interest, dividends, min(owed, holdings.cash + interest + dividends))
