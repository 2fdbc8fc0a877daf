"""The model card of a compliance report: what decides, with which parameters, on which assumptions, and what holds it.

The outline is that of supervisory guidance on models (Federal Reserve SR 11-7, 2011): purpose, assumptions,
limitations, validation. Figures of validation are those of docs/guarantees.md, each with the test that measures it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType

from insure.book.record import Record
from insure.compliance import Facts
from insure.fund import Fund
from reports import filters
from reports.figures import Figure, NotComputed, Unit
from reports.sections import Row, Section, Table

_TEXT: Unit = "text"
_KEPT, _HELD = "fund file, [strategy]", "docs/guarantees.md"


@dataclass(frozen=True, slots=True)
class _Card:
    """What is to be known of a rule before anybody relies on it."""

    purpose: str
    source: str
    assumes: tuple[str, ...]
    leaves_out: tuple[str, ...]


_LOGNORMAL = "Between two slots the index moves lognormally at the hedge volatility, and can be traded at every slot."
_CONSTANT = "Rate and dividend yield stay as they are seen until the horizon."
_GAPS = "A fall between two slots cannot be traded: what it takes beyond the model stands as slippage, cause gap."
_REMARKED = "A market that prices volatility otherwise than the hedge: slippage, cause vega, until the horizon."
_OPTIONS = "The seller of the options pays: what is bought is an exact position, not a promise of the model."
_RULE = "The floor is kept as long as no fall between two slots exceeds cushion / equity; the gap budget says how much."

_CARDS: Mapping[str, _Card] = MappingProxyType(
    {
        "synthetic_put": _Card(
            "Replicates a put on the fund's own stock, so that the guarantee stands at the horizon.",
            "Black & Scholes (1973); Leland & Rubinstein (1981); Merton (1973) for dividends",
            (_LOGNORMAL, _CONSTANT),
            (_GAPS, _REMARKED),
        ),
        "cppi": _Card(
            "Holds a multiple of the cushion above the floor in stock.",
            "Perold (1986); Black & Jones (1987); Black & Perold (1992)",
            (_RULE, "Cash earns the rate at which the floor accretes."),
            (
                "A fall beyond 1 / multiplier between two slots: the floor breaks.",
                "A cushion that is gone stays in cash.",
            ),
        ),
        "tipp": _Card(
            "As CPPI, with a floor that rises with the highest value.",
            "Estep & Kritzman (1988)",
            (_RULE,),
            (
                "A fall beyond 1 / multiplier between two slots: the floor breaks.",
                "A floor that has risen to the value leaves the fund in cash.",
            ),
        ),
        "stop_loss": _Card(
            "Holds stock above the discounted floor, and cash below it.",
            "Rubinstein (1985)",
            ("The floor can be traded at as it is crossed.",),
            ("Every crossing is late by what the index moves between two slots; crossings to and fro add up.",),
        ),
        "constant_mix": _Card(
            "Holds a fixed share of the fund in stock.",
            "Perold & Sharpe (1988)",
            ("None beyond that the index can be traded at every slot.",),
            ("It promises no floor.",),
        ),
        "buy_and_hold": _Card(
            "Holds the stock that was bought when the period began.",
            "Perold & Sharpe (1988)",
            ("None.",),
            ("It promises no floor beyond the share that was left in cash.",),
        ),
        "static_put": _Card(
            "Holds stock and bought puts to the horizon.",
            "Black & Scholes (1973) for the marks between",
            (_OPTIONS, "Between purchase and expiry the puts are marked at the volatility of the true put."),
            ("Whether the seller pays is not in the model.",),
        ),
        "hybrid": _Card(
            "Holds bought puts for a part of the fund, and replicates the rest.",
            "Black & Scholes (1973); Leland & Rubinstein (1981)",
            (_LOGNORMAL, _CONSTANT, _OPTIONS),
            (_GAPS, _REMARKED, "Whether the seller pays is not in the model."),
        ),
        "delta_neutral": _Card(
            "Holds bought options and hedges their delta with stock.",
            "Black & Scholes (1973)",
            (_LOGNORMAL, _CONSTANT, _OPTIONS),
            (
                "Delta below zero alone can be hedged: the fund is never short of stock.",
                "What is earned is volatility that came against volatility that was paid for; neither is promised.",
            ),
        ),
    }
)
_CHECKED: tuple[tuple[str, str, str], ...] = (
    ("Black-Scholes against QuantLib", "1e-12 of the price", "tests/references/test_pricing_black_scholes.py"),
    ("Live decisions against the same rule replayed", "2e-8 of the fund", "tests/properties/test_live_is_replay.py"),
    ("Causes of slippage against fund minus true put", "1e-9 of the fund", "tests/properties/test_slippage.py"),
    ("Every decision made again from its record", "bit for bit", "insure verify"),
)


def model_card(fund: Fund, facts: Facts, last: Record | None) -> Section:
    """What decides, with which parameters, on which assumptions, and what holds it.

    Where the contracts of the period do not decide alike, what each of them decides by stands in a table.
    """
    kind = fund.strategy.kind
    card, name = _CARDS[kind], kind.replace("_", " ")
    undecided = NotComputed("nothing was decided")
    seen = None if last is None else last.decision.snapshot
    sha = fund.config_sha256 if last is None else last.decision.config_sha256
    figures = {
        "strategy": Figure("Strategy", name, _TEXT, f"{_KEPT}; docs/theory.md"),
        "source": Figure("Source", card.source, _TEXT, f"insure/strategies/{kind}.py"),
        **{
            key: Figure(key.replace("_", " ").capitalize(), _written(value), _TEXT, _KEPT)
            for key, value in _parameters(fund).items()
        },
        "volatility": Figure(
            "Volatility", undecided if seen is None else seen.volatility.method, _TEXT, "last estimate"
        ),
        "put_vol": Figure(
            "The true put is marked at", undecided if seen is None else seen.put_vol_source, _TEXT, "fund file, [twin]"
        ),
        "day_count": Figure("Day count", fund.schedule.day_count, _TEXT, "fund file, [schedule]"),
        "contract": Figure("Contract", sha, "hash", "SHA-256 of the effective fund file"),
    }
    return Section(
        "model",
        "Model card",
        None,
        f"{name.capitalize()}. {card.purpose}",
        figures,
        (
            Table(
                "What the model assumes, and what it leaves out.",
                "Kind",
                ("In words",),
                (
                    *(_words("Assumes", words, kind) for words in card.assumes),
                    *(_words("Leaves out", words, kind) for words in card.leaves_out),
                ),
            ),
            Table(
                "What holds it.",
                "Checked",
                ("Agrees to", "By"),
                tuple(
                    Row(what, (Figure("Agrees to", bound, _TEXT, _HELD), Figure("By", test, _TEXT, _HELD)))
                    for what, bound, test in _CHECKED
                ),
            ),
            *_models(facts),
        ),
    )


def _parameters(fund: Fund) -> dict[str, object]:
    return {key: value for key, value in asdict(fund.strategy).items() if key != "kind"}


def _models(facts: Facts) -> tuple[Table, ...]:
    """What decided under each contract of the period; nothing where it was the same all along."""
    models = [
        {
            "strategy": each.fund.strategy.kind.replace("_", " "),
            **_parameters(each.fund),
            **{f"volatility: {name}": value for name, value in asdict(each.fund.volatility).items()},
            "day_count": each.fund.schedule.day_count,
        }
        for each in facts.contracts
    ]
    if all(model == models[0] for model in models):
        return ()
    spans = [filters.span(each.since, each.until).capitalize() for each in facts.contracts]
    rows = tuple(
        Row(
            name.replace("_", " ").capitalize(),
            tuple(
                Figure(span, _written(model.get(name, "")), _TEXT, f"contract {each.config_sha256[:12]}")
                for span, model, each in zip(spans, models, facts.contracts, strict=True)
            ),
        )
        for name in dict.fromkeys(name for model in models for name in model)
    )
    return (Table("The model under each contract of the period.", "Parameter", tuple(spans), rows),)


def _words(what: str, words: str, kind: str) -> Row:
    return Row(what, (Figure("In words", words, _TEXT, f"insure/strategies/{kind}.py"),))


def _written(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value in (None, (), "") else str(value)
