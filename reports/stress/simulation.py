"""The stress report's simulation: how slippage is spread, what it comes from, other strategies on the same paths."""

from collections.abc import Sequence

from insure import metrics
from insure.fund import Fund
from insure.stress import StressResult
from insure.stress.models import GOES_ON, ModelFigure, ModelResult
from insure.stress.pack import ScenarioResult
from insure.stress.paired import Measure, Pair, Paired
from reports import filters, slippage
from reports.figures import Figure, Figures, NotComputed, Unit
from reports.pictures import Z95, Fall, Mark, Range, Ranges, Spread, Waterfall
from reports.stress import formulas as of
from reports.stress.parts import Entry, Listing, Part, columns, listing, text

_LEVELS = (
    ("q01", "1%"),
    ("q05", "5%"),
    ("q25", "25%"),
    ("q50", "Median"),
    ("q75", "75%"),
    ("q95", "95%"),
    ("q99", "99%"),
)
_MARKED = (("q01", "1%"), ("q05", "5%"), ("q50", "median"), ("q95", "95%"), ("q99", "99%"))
_CHANCES = (
    ("breach_probability", "Ever below the floor at a close"),
    ("shortfall_probability", "Guarantee missed at the horizon"),
    ("cash_lock_probability", "Ever out of stock"),
)
_RISKS: tuple[tuple[str, str, Unit], ...] = (
    ("breach_size", "How far below the floor, where it was", "money"),
    ("shortfall_size", "How much is missing, where the guarantee was missed", "money"),
    ("turnover", "Turnover a year", "multiple"),
    ("costs", "Costs to the horizon", "money"),
    ("exposure", "Mean weight in stock", "weight"),
    ("participation", "Share of the index's gains", "weight"),
)
_BEFORE = "before"
"""The cause that carries what slippage there was today."""
_ADDING = (
    "The causes add up on every path, so their means add up to the mean; their errors do not, since causes that offset "
    "each other path by path do so in the total."
)
_FRESH = (
    "The fund's own rule goes on from where it stands; every other begins fresh on today's value with the fund's "
    "guarantee, horizon, limits, band and costs. Differences are taken path by path, so what the index did cancels out "
    "of their errors."
)


def none_simulated(why: str) -> NotComputed:
    """In the place of a simulated figure."""
    return NotComputed(why.removeprefix("not computed: ").rstrip("."))


def distribution(fund: Fund, study: ModelResult | None, why: str) -> Part:
    """Slippage at the horizon over all paths, with quantiles and their errors."""
    title = "Slippage, simulated"
    if study is None:
        return Part("distribution", title, "Nothing was simulated.", missing=(filters.missing(none_simulated(why)),))
    mean, error = _value(study.figures["slippage_mean"]), study.figures["slippage_mean"].standard_error or 0.0
    return Part(
        "distribution",
        title,
        f"To the horizon the fund is expected {_side(mean)} the same capital with a true put by "
        f"{filters.money(abs(mean), fund.currency)} (standard error {filters.money(error)}); one path in a hundred "
        f"ends {filters.money(_value(study.figures['slippage_q01']), signed=True)} or worse.",
        goes_on(study),
        figures=_recipe(study),
        pictures=(_spread(fund, study),),
        listings=(_quantiles(fund, study), *_chances(study), _risks(fund, study)),
    )


def recipe(study: ModelResult) -> str:
    """The paths that a figure comes from, for the words beside it."""
    return f"{filters.number(study.paths, 0)} paths of the model {study.model.replace('_', ' ')}, seed {study.seed}"


def goes_on(study: ModelResult | None) -> tuple[str, ...]:
    """What the reader of a simulated figure must know of the floor; nothing where the fund does the same live."""
    return () if study is None or GOES_ON not in study.assumptions else (f"In the simulation: {_lowered(GOES_ON)}",)


def _lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def bounds(probability: float, paths: int) -> tuple[float, float]:
    """The 95 % interval of a share of paths."""
    return metrics.probability_interval(round(probability * paths), paths)


def told_probability(probability: float, paths: int) -> str:
    """A share of paths for a sentence; of none and of all with what they prove."""
    said = filters.probability(probability)
    low, high = bounds(probability, paths)
    if not probability > 0.0:
        return f"{said} (at most {filters.probability(high)} with 95% confidence)"
    if not probability < 1.0:
        return f"{said} (at least {filters.probability(low)} with 95% confidence)"
    return said


def _side(mean: float) -> str:
    return "ahead of" if mean >= 0.0 else "behind"


def _value(figure: ModelFigure) -> float:
    return 0.0 if figure.value is None else figure.value


def _recipe(study: ModelResult) -> Figures:
    return {
        "model": of.STUDY.figure("Model", study.model.replace("_", " "), "text"),
        "paths": of.STUDY.figure("Paths", study.paths, "count"),
        "seed": of.STUDY.figure("Seed", study.seed, "count"),
        "steps": of.STUDY.figure("Sessions to the horizon", study.steps, "count"),
    }


def _spread(fund: Fund, study: ModelResult) -> Spread:
    found = study.slippage_histogram
    marks = [Mark(_value(study.figures[f"slippage_{name}"]), words) for name, words in _MARKED]
    marks.append(Mark(_value(study.figures["slippage_mean"]), "mean"))
    edges = f"{filters.brief_money(found.edges[0])} to {filters.brief_money(found.edges[-1])}"
    return Spread(
        "slippage-spread",
        "Slippage at the horizon",
        f"How many of {filters.number(study.paths, 0)} paths ended where, {fund.currency}, {edges}; "
        f"{filters.number(found.below, 0)} paths lie below and {filters.number(found.above, 0)} above. Dotted uprights "
        "are quantiles and the mean; the solid one is a fund that ends where the true put does.",
        f"Fund less true put, {fund.currency}",
        "gain",
        found.edges,
        found.counts,
        found.below,
        found.above,
        tuple(marks),
    )


def _quantiles(fund: Fund, study: ModelResult) -> Listing:
    measures = (("mean", "Mean"), ("std", "Standard deviation"), *_LEVELS, ("es05", "Mean of the worst 5%"))
    rows = []
    for name, words in measures:
        cells: list[Figure] = []
        for what, label in (("slippage", "Slippage"), ("terminal", "Fund"), ("twin", "With true put")):
            figure = study.figures[f"{what}_{name}"]
            unit: Unit = "gain" if what == "slippage" and name != "std" else "money"
            cells.extend(_with_error(label, figure, unit))
        rows.append(Entry(name, text("Measure", words), tuple(cells)))
    error = of.QUANTILE
    return listing(
        "quantiles",
        f"Value at the horizon over all paths, {fund.currency}, each with its standard error.",
        "Measure",
        columns(
            ("Slippage", of.SLIPPAGE),
            ("Standard error", error),
            ("Fund", of.MEAN),
            ("Standard error", error),
            ("With true put", of.TWIN),
            ("Standard error", error),
        ),
        tuple(rows),
        "Nothing was simulated.",
    )


def _with_error(label: str, figure: ModelFigure, unit: Unit, error_unit: Unit = "money") -> tuple[Figure, Figure]:
    none = NotComputed("nothing of the kind happened")
    return (
        Figure(label, none if figure.value is None else figure.value, unit),
        Figure("Standard error", none if figure.standard_error is None else figure.standard_error, error_unit),
    )


def _chances(study: ModelResult) -> tuple[Listing, ...]:
    rows = tuple(
        Entry(name, text("Chance", words), _probability(words, *known, study.paths))
        for name, words in _CHANCES
        if name in study.figures and (known := _known(study.figures[name])) is not None
    )
    if not rows:
        return ()
    return (
        listing(
            "chances",
            f"What may happen on the way, over {recipe(study)}. Where no path did, or every one, the standard error "
            "says nothing: the interval holds.",
            "Chance",
            columns(
                ("Share of paths", of.PROBABILITY),
                ("Standard error", of.PROBABILITY),
                ("95%: from", of.BOUND),
                ("to", of.BOUND),
            ),
            rows,
            "Nothing was simulated.",
        ),
    )


def _known(figure: ModelFigure) -> tuple[float, float] | None:
    if figure.value is None or figure.standard_error is None:
        return None
    return figure.value, figure.standard_error


def _probability(label: str, value: float, error: float, paths: int) -> tuple[Figure, ...]:
    low, high = bounds(value, paths)
    return (
        Figure(label, value, "probability"),
        Figure("Standard error", error, "probability"),
        Figure("95%: from", low, "probability"),
        Figure("to", high, "probability"),
    )


def _risks(fund: Fund, study: ModelResult) -> Listing:
    rows = tuple(
        Entry(name, text("Measure", words), _with_error(words, study.figures[name], unit, unit))
        for name, words, unit in _RISKS
        if name in study.figures
    )
    return listing(
        "risks",
        f"What else the paths tell, money in {fund.currency}.",
        "Measure",
        columns(("Value", of.MEAN), ("Standard error", of.MEAN)),
        rows,
        "Nothing was simulated.",
    )


def attribution(fund: Fund, study: ModelResult | None, why: str) -> Part:
    """Mean slippage by cause as a waterfall with error bars."""
    title = "What slippage comes from"
    if study is None:
        return Part("attribution", title, "Nothing was simulated.", missing=(filters.missing(none_simulated(why)),))
    names = _worth_telling(study)
    falls = tuple(_fall(name, study.attribution[name]) for name in names)
    mean = study.figures["slippage_mean"]
    total = Fall("Slippage", _value(mean), mean.standard_error or 0.0)
    largest = max(
        (fall for name, fall in zip(names, falls, strict=True) if name != _BEFORE),
        key=lambda fall: abs(fall.value),
        default=total,
    )
    return Part(
        "attribution",
        title,
        f"Slippage is {filters.money(total.value, signed=True)} {fund.currency} on average; its largest cause is "
        f"{largest.label.lower()}, {filters.money(largest.value, signed=True)}.",
        (_ADDING,),
        pictures=(
            Waterfall(
                "slippage-causes",
                "Mean slippage by cause",
                f"From nothing to the total, {fund.currency}, over {filters.number(study.paths, 0)} paths; losses are "
                "hatched, whiskers are 95% intervals.",
                "gain",
                falls,
                total,
            ),
        ),
        listings=(_causes(fund, names, falls, total),),
    )


def _worth_telling(study: ModelResult) -> list[str]:
    """Causes of half a cent and more, in the order of reports."""
    return slippage.in_order(
        name
        for name, figure in study.attribution.items()
        if not (abs(_value(figure)) < 0.005 and (figure.standard_error or 0.0) < 0.005)
    )


def _fall(name: str, figure: ModelFigure) -> Fall:
    return Fall(slippage.cause(name).label, _value(figure), figure.standard_error or 0.0)


def _causes(fund: Fund, names: Sequence[str], falls: tuple[Fall, ...], total: Fall) -> Listing:
    rows = [
        Entry(
            name.replace(" ", "-"),
            text("Cause", fall.label),
            (
                Figure("Mean", fall.value, "gain"),
                Figure("Standard error", fall.error, "money"),
                text("Meaning", slippage.cause(name).meaning),
            ),
        )
        for name, fall in zip(names, falls, strict=True)
    ]
    rows.append(
        Entry(
            "total",
            text("Cause", "Slippage"),
            (
                Figure("Mean", total.value, "gain"),
                Figure("Standard error", total.error, "money"),
                text("Meaning", "fund less the same capital with a true put"),
            ),
            "total",
        )
    )
    return listing(
        "causes",
        f"Mean slippage by cause at the horizon, {fund.currency}.",
        "Cause",
        columns(("Mean", of.CAUSES), ("Standard error", of.MEAN), ("Meaning", of.CAUSES)),
        tuple(rows),
        "Nothing was simulated.",
    )


def strategies(fund: Fund, result: StressResult, study: ModelResult | None, why: str) -> Part:
    """The same money protected in seven ways: on identical paths, and along every scenario."""
    found = None if study is None else study.paired
    title = "Other strategies on the same paths"
    missing: tuple[str, ...] = ()
    if found is None:
        missing = (filters.missing(none_simulated(why if study is None else study.paired_missing)),)
    along = _along(fund, result.scenarios)
    if not along:
        refused = {rival.not_computed for each in result.scenarios for rival in each.comparison if rival.not_computed}
        missing = (*missing, *(filters.missing(none_simulated(said)) for said in sorted(refused)))
    if found is None:
        sentence = "Seven strategies along the scenarios; none was simulated." if along else "None could be compared."
        return Part("strategies", title, sentence, listings=along, missing=missing)
    own = next(pair for pair in found.pairs if pair.own)
    others = [pair for pair in found.pairs if not pair.own]
    best = max(others, key=lambda pair: pair.difference.value)
    clear = abs(best.difference.value) > Z95 * best.difference.standard_error
    return Part(
        "strategies",
        title,
        f"Against this fund's {own.strategy}, {best.strategy} ends "
        f"{filters.money(best.difference.value, signed=True)} {fund.currency} on average, which is "
        f"{'more than chance' if clear else 'within what chance allows'}; it misses the guarantee on "
        f"{_missed(best, found.paths)}, the fund's own on {_missed(own, found.paths)}.",
        (_FRESH, *_unpromised(fund, found)),
        pictures=_ranges(fund, result, found),
        listings=(_pairs(fund, found), _missing_rows(fund, found), *along),
        missing=missing,
    )


def _missed(pair: Pair, paths: int) -> str:
    said = f"{told_probability(pair.shortfall_probability.value, paths)} of the paths"
    if pair.shortfall_size is None:
        return said
    return f"{said}, by {filters.money(pair.shortfall_size.value)} there on average"


def _missing_rows(fund: Fund, found: Paired) -> Listing:
    """How often each misses the guarantee, and by how much: a miss by the cost of a purchase is no broken promise."""
    none = NotComputed("fewer than two paths")
    rows = []
    for pair in found.pairs:
        chance, size = pair.shortfall_probability, pair.shortfall_size
        rows.append(
            Entry(
                pair.strategy.replace(" ", "-"),
                text("Strategy", _named(pair)),
                (
                    *_probability("Guarantee missed", chance.value, chance.standard_error, found.paths),
                    Figure("Missing there", none if size is None else size.value, "money"),
                    Figure("Standard error", none if size is None else size.standard_error, "money"),
                ),
                "total" if pair.own else "",
            )
        )
    return listing(
        "missed",
        f"How often each ends below the guarantee of {filters.money(found.guarantee, fund.currency)}, and what is "
        f"missing there on average, {fund.currency}.",
        "Strategy",
        columns(
            ("Guarantee missed", of.PROBABILITY),
            ("Standard error", of.PROBABILITY),
            ("95%: from", of.BOUND),
            ("to", of.BOUND),
            ("Missing there", of.SHORTFALL),
            ("Standard error", of.MEAN),
        ),
        tuple(rows),
        "Nothing was simulated.",
    )


def _named(pair: Pair) -> str:
    return f"{pair.strategy}, this fund's" if pair.own else pair.strategy


def _unpromised(fund: Fund, found: Paired) -> tuple[str, ...]:
    if fund.protects:
        return ()
    amount = filters.money(found.guarantee, fund.currency)
    return (f"The fund promises no floor: the guarantee here is its floor fraction of today's value, {amount}.",)


def _ranges(fund: Fund, result: StressResult, found: Paired) -> tuple[Ranges, ...]:
    names = tuple(filters.percent(level, 0) for level in found.levels)
    wide = "thin from the 1% to the 99% quantile, thick from 25% to 75%, the dot is the median"
    return (
        Ranges(
            "strategy-values",
            "Value at the horizon",
            f"{filters.number(found.paths, 0)} identical paths, {fund.currency}: {wide}. The fund's own is in bold.",
            "Strategy",
            names,
            "money",
            tuple(Range(pair.strategy, pair.quantiles, pair.own) for pair in found.pairs),
            (Mark(found.guarantee, "guarantee"), Mark(result.nav, "today")),
        ),
        Ranges(
            "strategy-differences",
            "Difference to the fund's own rule",
            f"Mean of the differences path by path, {fund.currency}, with its 95% interval.",
            "Strategy",
            ("From", "Mean", "To"),
            "gain",
            tuple(_difference(pair) for pair in found.pairs if not pair.own),
        ),
    )


def _difference(pair: Pair) -> Range:
    half = Z95 * pair.difference.standard_error
    value = pair.difference.value
    return Range(pair.strategy, (value - half, value, value + half))


def _pairs(fund: Fund, found: Paired) -> Listing:
    rows = tuple(
        Entry(
            pair.strategy.replace(" ", "-"),
            text("Strategy", _named(pair)),
            (
                *_measured("Difference", pair.difference, "gain"),
                *_measured("Value at the horizon", pair.terminal, "money"),
                *_measured("Slippage", pair.slippage, "gain"),
            ),
            "total" if pair.own else "",
        )
        for pair in found.pairs
    )
    return listing(
        "pairs",
        f"Means over {filters.number(found.paths, 0)} identical paths, money in {fund.currency}, each with its "
        "standard error.",
        "Strategy",
        columns(
            ("Difference", of.DIFFERENCE),
            ("Standard error", of.DIFFERENCE),
            ("Value at the horizon", of.MEAN),
            ("Standard error", of.MEAN),
            ("Slippage", of.SLIPPAGE),
            ("Standard error", of.MEAN),
        ),
        rows,
        "Nothing was simulated.",
    )


def _measured(label: str, measure: Measure, unit: Unit) -> tuple[Figure, Figure]:
    error: Unit = "money" if unit == "gain" else unit
    return Figure(label, measure.value, unit), Figure("Standard error", measure.standard_error, error)


def _along(fund: Fund, scenarios: tuple[ScenarioResult, ...]) -> tuple[Listing, ...]:
    compared = [each for each in scenarios if any(rival.lowest_distance is not None for rival in each.comparison)]
    if not compared:
        return ()
    rows = tuple(
        Entry(
            str(place),
            text("Scenario", each.journey.title),
            tuple(
                Figure(
                    rival.strategy,
                    none_simulated(rival.not_computed) if rival.lowest_distance is None else rival.lowest_distance,
                    "gain",
                )
                for rival in each.comparison
            ),
        )
        for place, each in enumerate(compared, start=1)
    )
    names = [rival.strategy for rival in compared[0].comparison]
    return (
        listing(
            "along",
            f"Least above the fund's floor on the way, {fund.currency}: below zero the floor was broken. Each begun "
            "fresh today, under the same trading conditions.",
            "Scenario",
            columns(*((name[:1].upper() + name[1:], of.CUSHION) for name in names)),
            rows,
            "None.",
        ),
    )
