"""What happens to a fund between two decisions without anybody deciding: interest, dividends, expiries, exact."""

from dataclasses import dataclass
from decimal import Decimal

from insure.decision import Holdings, OptionHeld
from insure.decision.options import settlement
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
    settled: Decimal = Decimal(0)
    """What options that expired since paid in cash."""
    expired: tuple[OptionHeld, ...] = ()
    """Those options."""

    def after(self, holdings: Holdings) -> Holdings:
        """Holdings with the money booked and the expired options gone."""
        return holdings.moved(
            cash=self.interest + self.dividends - self.distributed + self.settled,
            options=tuple(option.changed(-option.units) for option in self.expired),
        )


NOTHING_ACCRUED = Accrual(0.0, Decimal(0), Decimal(0), Decimal(0))


def accrued(
    fund: Fund, holdings: Holdings, before: Snapshot, now: Snapshot, years: float, structure_units: float
) -> Accrual:
    """Interest on cash at the rate known before, dividends that went ex since, and options settled at their payoff.

    Args:
        fund: for its currency, and whether dividends are paid out.
        holdings: as the decision before left them.
        before: the snapshot before; its rate is what cash earned.
        now: its ``dividend`` is what one unit paid since; options whose expiry is its session or lies before it are
            settled at its price.
        years: between the two, by the fund's day count.
        structure_units: units of the insured structure, whose dividends a contract that pays out owes its holders.
    """
    interest = money(float(holdings.cash) * (exp(before.rate * years) - 1.0), fund.currency)
    dividends = money(holdings.units * now.dividend, fund.currency)
    owed = Decimal(0)
    if fund.protection.dividends == "paid_out":
        owed = money(Decimal(repr(structure_units)) * now.dividend, fund.currency)
    expired, settled = _settled(fund, holdings, now)
    distributed = min(owed, max(holdings.cash + interest + dividends + settled, Decimal(0)))
    return Accrual(years, interest, dividends, distributed, settled, expired)


def settled(fund: Fund, holdings: Holdings, now: Snapshot) -> Holdings:
    """Holdings once the options that expired by ``now`` are paid: what may be decided on."""
    expired, paid = _settled(fund, holdings, now)
    return Accrual(0.0, Decimal(0), Decimal(0), Decimal(0), paid, expired).after(holdings) if expired else holdings


def _settled(fund: Fund, holdings: Holdings, now: Snapshot) -> tuple[tuple[OptionHeld, ...], Decimal]:
    expired = tuple(option for option in holdings.options if option.expiry <= now.session)
    return expired, settlement(expired, now.price, fund.currency) if expired else Decimal(0)
