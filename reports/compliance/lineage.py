"""The sections of a compliance report on what decided: model card, regulatory lines, versions and lineage."""

from dataclasses import asdict

from insure.book.record import Record
from insure.compliance import Facts, Judgement
from insure.fund import Fund
from reports.evidence import Evidence
from reports.figures import Figure, NotComputed, Unit
from reports.sections import Row, Section, Table

_TEXT: Unit = "text"
_KEPT = "fund file, [strategy]"


def model_card(fund: Fund, last: Record) -> Section:
    """What decides, with which parameters."""
    terms = {name: value for name, value in asdict(fund.strategy).items() if name != "kind"}
    seen = last.decision.snapshot
    figures = {
        "strategy": Figure("Strategy", fund.strategy.kind.replace("_", " "), _TEXT, f"{_KEPT}; docs/theory.md"),
        **{
            name: Figure(name.replace("_", " ").capitalize(), _written(value), _TEXT, _KEPT)
            for name, value in terms.items()
        },
        "volatility": Figure("Volatility", seen.volatility.method, _TEXT, "last estimate"),
        "put_vol": Figure("The true put is marked at", seen.put_vol_source, _TEXT, "fund file, [twin]"),
        "day_count": Figure("Day count", fund.schedule.day_count, _TEXT, "fund file, [schedule]"),
        "contract": Figure("Contract", last.decision.config_sha256, "hash", "SHA-256 of the effective fund file"),
    }
    return Section("model", "Model card", None, f"{fund.strategy.kind.replace('_', ' ').capitalize()}.", figures)


def _written(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value in (None, (), "") else str(value)


def regulation(fund: Fund, facts: Facts) -> Section:
    """Rules that readers ask about: whether they apply, and the figure that they look at."""
    held = facts.exposure
    most: float | NotComputed = held.highest.value if held else NotComputed("nothing was decided")
    bounded = sum(len(record.orders) for record in facts.records)
    benchmark = "benchmark: the contract does not name the law that the fund stands under"
    derivatives = (
        "benchmark: the fund holds options, and the contract does not name the law that it stands under"
        if fund.holds_options
        else "not applicable: the fund holds stock and cash, no derivatives"
    )
    past = sum(1 for limit in facts.limits if limit.judgement == "breached")
    options: float | NotComputed = NotComputed("not applicable")
    if fund.holds_options and facts.records:
        last = facts.records[-1]
        options = float(last.options_money / last.nav) if last.nav else NotComputed("the fund is empty")
    rows = (
        _line("UCITS Directive 2009/65/EC, art. 51(3): global exposure", derivatives, most, "weight", "most in stock"),
        _line(
            "UCITS Directive 2009/65/EC, art. 57: active and passive breaches",
            benchmark,
            past,
            "count",
            "limits breached in the period",
        ),
        _line(
            "Delegated Regulation (EU) 2017/589, art. 15: price collars, order value and volume",
            benchmark,
            bounded,
            "count",
            "orders sent with price, time and volume bounds",
        ),
        _line("SEC rule 18f-4: derivatives risk", derivatives, options, "weight", "options at their mark / NAV"),
    )
    return Section(
        "regulation",
        "Regulatory lines",
        None,
        "Each says whether it applies; the contract names no jurisdiction, so none is asserted to.",
        tables=(Table("Rules and the figures they look at.", "Rule", ("State", "Figure"), rows),),
        paragraphs=(f"These lines are orientation for {fund.name}, not legal advice.",),
    )


def _line(rule: str, state: str, value: float | NotComputed, unit: Unit, source: str) -> Row:
    return Row(rule, (Figure("State", state, _TEXT, "contract"), Figure("Figure", value, unit, source)), source)


def lineage(facts: Facts, anchor: tuple[int, str], evidence: Evidence) -> Section:
    """Versions, chain and verification."""
    versions = sorted({record.code_version for record in facts.records}) or ["none in this period"]
    used = list(dict.fromkeys(record.decision.config_sha256 for record in facts.records))
    judgement: Judgement | None = None if evidence.verified is None else "kept" if evidence.verified else "breached"
    installed = "installed when this report was made"
    figures = {
        "program": Figure("Program", ", ".join(versions), _TEXT, "that made the decisions"),
        "seed": Figure("Seed", "none: no decision draws a random number", _TEXT, "insure.decision.decide"),
        "calendar": Figure(
            "Calendar", evidence.calendar_release or NotComputed("it was not handed in"), _TEXT, f"release, {installed}"
        ),
        "chain_sequence": Figure("Anchor, entry", anchor[0], "count", "last entry that this report depends on"),
        "chain_head": Figure("Anchor, hash", anchor[1], "hash", "kept in anchors.jsonl beside the reports"),
        **{
            f"contract_{number}": Figure(f"Contract {number}", sha, "hash", "in force, in the order of use")
            for number, sha in enumerate(used, start=1)
        },
        **{name: Figure(name, version, _TEXT, installed) for name, version in sorted(evidence.libraries.items())},
    }
    return Section("lineage", "Versions and lineage", judgement, f"{evidence.verification.capitalize()}.", figures)
