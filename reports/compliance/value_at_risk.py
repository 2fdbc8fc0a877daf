"""The section of a compliance report on value at risk, back-tested over the last year of steps."""

from insure.compliance import Facts, Judgement
from insure.compliance.value_at_risk import STEPS, Likelihood, VarTest
from reports import filters
from reports.compliance import pictures
from reports.figures import Figure, Figures, NotComputed, Unit
from reports.sections import Row, Section, Table

_TEXT: Unit = "text"
_TITLE = "Value at risk, back-tested"
_LEAST_STEPS = 50
"""Fewer than this say too little to call a model refuted."""
_METHOD = (
    "Exceptions are counted over the last {steps} steps up to the end of the period, or as many as there are. The "
    "zones are those of the Basel framework of 1996: yellow where a correct model has so many exceptions or fewer with "
    "95%, red with 99.99%. Kupiec (1995) asks whether they are as many as 1% of the steps, Christoffersen (1998) "
    "whether one follows another; a small probability speaks against the model."
)


def value_at_risk(facts: Facts) -> Section:
    """Losses beyond the value at risk over the last year of steps, those of the period marked."""
    test = facts.var_test
    if test.first is None:
        return Section("var", _TITLE, None, "Nothing was held over a step up to the end of this period.")
    held = "stock and options held" if test.options else "stock held"
    rows = tuple(
        Row(
            filters.day(each.session),
            (
                Figure("Loss", each.loss, "money", f"what the {held} lost, dividends counted"),
                Figure("Value at risk", each.value_at_risk, "money", _formula(test)),
                Figure("In the period", "yes" if each.within else "before it", _TEXT, "session of the step's end"),
            ),
            "from the decision before to this one",
            judgement="alert" if each.within else "kept",
        )
        for each in test.exceptions
    )
    return Section(
        "var",
        _TITLE,
        _judged(test),
        _sentence(test),
        _figures(test),
        (Table("Exceptions.", "Session", ("Loss", "Value at risk", "In the period"), rows, "None."),),
        charts=pictures.losses(facts),
        paragraphs=(_METHOD.format(steps=STEPS),),
    )


def _judged(test: VarTest) -> Judgement:
    """By zone; in a short period an exception is to be read whatever the year was like."""
    fresh = any(each.within for each in test.exceptions) and test.within < _LEAST_STEPS
    if test.zone == "red" and test.steps >= _LEAST_STEPS:
        return "breached"
    return "alert" if test.zone != "green" or fresh else "kept"


def _sentence(test: VarTest) -> str:
    fresh = sum(each.within for each in test.exceptions)
    few = "" if test.steps == STEPS else f", all that there are of {STEPS}"
    return (
        f"{_count(len(test.exceptions), 'exception')} in the last {_count(test.steps, 'step')}{few}, {fresh} of them "
        f"in the period; {filters.number(test.expected, 1)} are expected: the {test.zone} zone."
    )


def _figures(test: VarTest) -> Figures:
    none = NotComputed("there was no step")
    alone = NotComputed("no step of both kinds, with and without an exception, was followed by another")
    return {
        "steps": Figure("Steps", test.steps, "count", f"the last up to the end of the period, {STEPS} at most"),
        "first": Figure("From", none if test.first is None else test.first, "date", "end of the first of these steps"),
        "within": Figure("Steps in the period", test.within, "count", "of these"),
        "exceptions": Figure("Exceptions", len(test.exceptions), "count", "loss beyond value at risk"),
        "expected": Figure("Expected", test.expected, "number", "1% of the steps"),
        "zone": Figure("Zone", test.zone, _TEXT, "cumulative binomial probability of the exceptions"),
        **_likelihood("kupiec", "Kupiec", test.coverage, none),
        **_likelihood("independence", "Christoffersen", test.independence, alone),
        "method": Figure("Method", f"99%, one step, {_formula(test)}", _TEXT, "of each record"),
    }


def _likelihood(key: str, label: str, found: Likelihood | None, missing: NotComputed) -> Figures:
    source = "likelihood ratio, \u03c7\u00b2 with one degree of freedom"
    return {
        key: Figure(f"{label}, likelihood ratio", missing if found is None else found.ratio, "number", source),
        f"{key}_p": Figure(f"{label}, p-value", missing if found is None else found.p_value, "probability", source),
    }


def _formula(test: VarTest) -> str:
    if test.options:
        return (
            "quantile of stock and options priced anew, index normal at the hedge volatility, their own volatility kept"
        )
    return "2.326 \u00d7 hedge volatility \u00d7 \u221atime \u00d7 stock held"


def _count(number: int, one: str) -> str:
    return f"{number} {one}{'' if number == 1 else 's'}"
