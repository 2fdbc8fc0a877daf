"""The gate's checks of what stands: deposits, contract, code, chain, reconciliation, breaker."""

from collections.abc import Sequence
from decimal import Decimal

from insure.decision.checks import NOTHING_SENT, Check, CheckUnit, at_most, required
from insure.decision.circumstances import Circumstances, of_before
from insure.decision.ladder import Ladder
from insure.decision.options import OptionTrade
from insure.decision.trades import Trade
from insure.decision.valuation import Valuation
from insure.fund import Fund


def standing_checks(
    fund: Fund,
    valuation: Valuation,
    ladder: Ladder,
    trade: Trade | None,
    options: Sequence[OptionTrade],
    seen: Circumstances,
    *,
    sends: bool,
) -> tuple[Check, ...]:
    """What has to stand before anything is sent. Arguments as for ``gate``."""
    controls = fund.controls
    paid = sum((each.cash for each in options), Decimal(0))
    lost = sum((each.cash + each.trade.units * each.trade.price for each in options), Decimal(0))
    if trade is not None:
        cash = trade.cash_after(Decimal(0))
        paid, lost = paid + cash, lost + cash + trade.units * trade.price
    # Of the fund after the trade: costs and the rounding to cents would else make all of it more than all of it.
    money = valuation.cash + float(paid)
    deposit = money / (valuation.nav + float(lost)) / controls.deposit_takers
    # Cash that stands, or that a purchase makes less, is no decision's fault; it is judged where it grows.
    shrinks = not sends or money <= valuation.cash
    most = max(controls.largest_deposit_weight, deposit) if shrinks else controls.largest_deposit_weight
    return (
        at_most("deposits", deposit, most, "weight",
                f"Cash of the target over {controls.deposit_takers} takers is {{value:.2%}} of the fund with each; "
                "beyond {limit:.2%} a person is asked.", asks=True),
        _contract_approved(fund, seen),
        _code_approved(seen),
        _chain(seen),
        _reconciled(fund, seen, sends=sends),
        _breaker(ladder, trade, options, seen),
    )  # fmt: skip


def _contract_approved(fund: Fund, seen: Circumstances) -> Check:
    name, agreed = "contract approved", seen.agreed
    if seen.contract_in_question:
        return required(name, seen.contract_in_question)
    if agreed is None:
        return required(name, "The contract in force is the approved one.", passed=True)
    contract = f"The contract that decides ({agreed.sha256[:12]})"
    if agreed.missing:
        people = "one person has" if agreed.missing == 1 else f"{agreed.missing} people have"
        return required(name, f"{contract} is not in force: {people} yet to approve it.")
    if agreed.proposal is not None and agreed.approved_sha256 == agreed.sha256:
        return required(name, f"{contract} is the one approved in proposal {agreed.proposal}.", passed=True)
    why = "the contract before it asked nobody"
    if fund.stage == "replay":
        why = "nobody has to approve a replay"
    elif agreed.approval == "auto":
        why = "approval = auto"
    return required(name, f"{contract} came into force by itself ({why}).", passed=True)


def _chain(seen: Circumstances) -> Check:
    name, known = "chain", "The last decision, its row on the chain and the ledger were read and agree"
    if seen.chain_doubt:
        return required(name, seen.chain_doubt)
    if of_before(seen):
        return required(name, f"{known}.", passed=True)
    newest = f"row {seen.chain_sequence}, the newest, is as it was written" if seen.chain_sequence else "it has no rows"
    return required(name, f"{known}; of the chain {newest}.", passed=True)


def _code_approved(seen: Circumstances) -> Check:
    name, approved = "code approved", seen.approved_code_sha256
    if not approved:
        return required(name, "Nobody has bound this fund to one state of the code.", passed=True)
    if seen.code_sha256 == approved:
        return required(name, f"The code in use is the approved one ({approved[:12]}).", passed=True)
    return required(name, f"The code in use ({seen.code_sha256[:12]}) is not the approved one ({approved[:12]}).")


def _reconciled(fund: Fund, seen: Circumstances, *, sends: bool) -> Check:
    limit = float(fund.controls.reconciliation_sessions)
    name = "reconciliation"
    unit: CheckUnit = "sessions"
    if not seen.reconciliation_wanted or not sends:
        why = NOTHING_SENT if seen.reconciliation_wanted else "Positions on paper have nobody to be reconciled with."
        return Check(name, True, 0.0, limit, limit, unit, why)
    if seen.open_breaks:
        differences = f"{seen.open_breaks} difference{'s' if seen.open_breaks > 1 else ''}"
        return required(name, f"{differences} with what is held outside: open, and not explained by anybody.")
    age = seen.reconciled_sessions
    if age is None:
        return required(name, "Positions were never reconciled without a break.")
    return at_most(
        name, float(age), limit, unit, "Positions were reconciled {value:.0f} sessions ago; at most {limit:.0f}."
    )


def _breaker(ladder: Ladder, trade: Trade | None, options: Sequence[OptionTrade], seen: Circumstances) -> Check:
    name = "breaker"
    unit: CheckUnit = "count"
    buys = bool(options) or (trade is not None and trade.units > 0)
    stops = seen.breaker in {"HALTED", "KILLED"} and (trade is not None or bool(options))
    stops = stops or (seen.breaker == "REDUCE_ONLY" and buys)
    if seen.breaker == "NORMAL":
        return Check(name, True, 0.0, 0.0, 0.0, unit, "NORMAL.")
    wanted = (
        f"{ladder['lots'].weight:.2%} in stock is wanted"
        if trade is None
        else (f"{trade.side} {abs(trade.units):,f} units is not sent" if stops else f"{trade.side} reduces the risk")
    )
    return Check(
        name, not stops, float(stops), 0.0, -float(stops), unit, f"{seen.breaker}: {seen.breaker_reason} {wanted}."
    )
