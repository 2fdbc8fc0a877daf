"""The stress report's scenarios: crises and synthetic shapes as panels side by side, and what each did to the fund."""

from collections.abc import Sequence

from insure.fund import Fund
from insure.simulation.crises import NAMES
from insure.stress import Journey, StressResult
from insure.stress.pack import ScenarioResult
from reports import filters, slippage
from reports.figures import Figure, Line, NotComputed
from reports.pictures import Panel
from reports.stress import formulas as of
from reports.stress.parts import BROKEN, HOLDS, Entry, Listing, Part, columns, floor_word, listing, text, tone, when

_LEAST_STEPS = 3
"""A scenario that is looked at less often is a row, not a picture."""
_BEFORE = "before"
_KEY = (
    "Crossed bands are steps at which nothing could be traded, hatched bands those at which a part of an order was "
    "filled; a cross marks the first step below the floor."
)


def is_crisis(name: str) -> bool:
    """Whether a scenario replays a crisis of the library."""
    return any(name == known or name.startswith(f"{known} ") for known in NAMES)


def crises(fund: Fund, result: StressResult) -> Part:
    """Replays of the library."""
    found = [each for each in result.scenarios if is_crisis(each.journey.scenario)]
    return _part(
        "crises",
        "Crises replayed",
        found,
        fund,
        "Each crisis begins at today's price, rate and holdings and follows the closes of then, with what is known of "
        "rates, volatility, halts and fills; the fund decides along it as it does live.",
    )


def shapes(fund: Fund, result: StressResult) -> Part:
    """Synthetic shapes and scenarios of one's own, and the price of an hour without a desk."""
    found = [each for each in result.scenarios if not is_crisis(each.journey.scenario)]
    part = _part(
        "shapes",
        "Synthetic shapes",
        found,
        fund,
        "Shapes that no crisis has had in this purity: a gap, a grind, a rebound, a whipsaw, a broken cash leg, a dark "
        "desk, a broker who fills a third.",
    )
    return Part(
        part.key,
        part.title,
        part.sentence,
        part.paragraphs,
        panels=part.panels,
        listings=(*part.listings, *_outages(fund, result)),
    )


def _part(key: str, title: str, found: Sequence[ScenarioResult], fund: Fund, lead: str) -> Part:
    if not found:
        return Part(key, title, "None was asked for.")
    broken = [each.journey for each in found if each.journey.breach is not None]
    floors = [each for each in found if each.journey.lowest_cushion is not None]
    if not floors:
        sentence = f"{len(found)} scenarios; the fund promises no floor that they could break."
    elif broken:
        names = "; ".join(each.title for each in broken)
        sentence = f"{len(broken)} of {len(found)} break{'s' if len(broken) == 1 else ''} the floor: {names}."
    else:
        sentence = f"None of {len(found)} breaks the floor."
    return Part(
        key,
        title,
        sentence,
        (lead, _KEY),
        panels=tuple(
            _panel(each.journey, fund, f"{key}-{i}")
            for i, each in enumerate(found, start=1)
            if len(each.journey.points) >= _LEAST_STEPS
        ),
        listings=(_rows(key, found, fund), _causes(key, found, fund)),
    )


def _panel(journey: Journey, fund: Fund, key: str) -> Panel:
    points = journey.points
    lines = [Line("Fund", "fund", tuple(point.nav for point in points))]
    if any(point.twin is not None for point in points):
        lines.append(Line("Put", "twin", tuple(point.twin for point in points)))
    if any(point.floor for point in points):
        lines.append(Line("Floor", "floor", tuple(point.floor or None for point in points)))
    breach = next((i for i, point in enumerate(points) if point is journey.breach), None)
    shut = tuple(i for i, point in enumerate(points) if not point.tradable)
    thin = tuple(i for i, point in enumerate(points) if point.tradable and point.filled < 1.0)
    words = [f"Fund, the same capital with a true put, and floor, {fund.currency}, {points[0].label} to "]
    words.append(f"{points[-1].label}; the index falls {filters.percent(-journey.deepest_fall, 1)} at most.")
    if shut:
        words.append(f" Nothing can be traded at {len(shut)} steps.")
    if thin:
        words.append(f" A part of each order is filled at {len(thin)} steps.")
    notes = _notes(journey)
    return Panel(
        key,
        journey.title,
        "".join(words) + " " + " ".join(notes),
        notes,
        "money",
        tuple(point.label for point in points),
        tuple(lines),
        shut,
        thin,
        breach,
    )


def _notes(journey: Journey) -> tuple[str, ...]:
    fall = f"Index {filters.percent(journey.deepest_fall, 1, signed=True)} at its lowest."
    low = journey.lowest_cushion
    if low is None:
        return fall, "No floor is promised."
    if journey.breach is not None:
        return fall, f"{BROKEN} {when(journey.breach.label)}, by {filters.brief_money(-low)} at most."
    return fall, f"{HOLDS}, least {filters.brief_money(low)} above."


def _rows(key: str, found: Sequence[ScenarioResult], fund: Fund) -> Listing:
    # A column of noughts says nothing.
    held = columns(("Held for a person", of.DRIVEN)) if any(each.journey.held for each in found) else ()
    return listing(
        f"{key}-table",
        f"What each did, money in {fund.currency}; slippage is what the scenario added.",
        "Scenario",
        columns(
            ("Index at its lowest", of.SCENARIO),
            ("Fund at the end", of.DRIVEN),
            ("With true put", of.TWIN),
            ("Least above the floor", of.CUSHION),
            ("Floor holds", of.CUSHION),
            ("Slippage added", of.SLIPPAGE),
            ("Traded", of.TRADE),
            ("Not filled", of.DRIVEN),
            *held,
        ),
        tuple(_row(i, each.journey, held=bool(held)) for i, each in enumerate(found, start=1)),
        "None was asked for.",
    )


def _row(place: int, journey: Journey, *, held: bool) -> Entry:
    end, low = journey.end, journey.lowest_cushion
    no_twin = NotComputed(journey.not_computed.removeprefix("not computed: ") or "no twin at the end")
    traded = sum(abs(point.traded_units) * point.spot for point in journey.points)
    broken = None if low is None else journey.breach is not None
    return Entry(
        str(place),
        text("Scenario", journey.title),
        (
            Figure("Index at its lowest", journey.deepest_fall, "change"),
            Figure("Fund at the end", end.nav_after, "money"),
            Figure("With true put", no_twin if end.twin is None else end.twin, "money"),
            Figure("Least above the floor", NotComputed("no floor") if low is None else low, "gain"),
            floor_word(broken=broken),
            Figure("Slippage added", no_twin if journey.added is None else journey.added, "gain"),
            Figure("Traded", traded, "money"),
            Figure("Not filled", journey.unfilled, "money"),
            *([Figure("Held for a person", journey.held, "count")] if held else []),
        ),
        tone(broken=broken),
    )


def _causes(key: str, found: Sequence[ScenarioResult], fund: Fund) -> Listing:
    """Slippage by group of causes; each row adds up."""
    return listing(
        f"{key}-causes",
        f"Slippage by cause, {fund.currency}; each row adds up to its last figure. Before is what the scenario found.",
        "Scenario",
        columns(
            ("Before", of.SLIPPAGE),
            *((label, of.CAUSES) for label in slippage.GROUPS.values()),
            ("Fund less true put", of.CAUSES),
        ),
        tuple(
            _cause_row(i, each.journey) for i, each in enumerate(found, start=1) if each.journey.attribution is not None
        ),
        "There is no twin to compare with.",
    )


def _cause_row(place: int, journey: Journey) -> Entry:
    causes = dict(journey.attribution or {})
    before = causes.pop(_BEFORE, 0.0)
    groups = slippage.by_group(causes)
    total = 0.0 if journey.slippage is None else journey.slippage
    return Entry(
        str(place),
        text("Scenario", journey.title),
        (
            Figure("Before", before, "gain"),
            *(Figure(label, groups[name], "gain") for name, label in slippage.GROUPS.items()),
            Figure("Fund less true put", total, "gain"),
        ),
    )


def _outages(fund: Fund, result: StressResult) -> tuple[Listing, ...]:
    if not result.outages:
        return ()
    rows = tuple(
        Entry(
            f"{outage.hours:g}",
            Figure("Hours", outage.hours, "units"),
            (
                Figure("Fund at the end", outage.nav, "money"),
                Figure("Cost", outage.cost, "money"),
                Figure("Cost per hour", outage.cost_per_hour, "money"),
                Figure(
                    "Least above the floor",
                    NotComputed("no floor") if outage.lowest_cushion is None else outage.lowest_cushion,
                    "gain",
                ),
            ),
        )
        for outage in result.outages
    )
    return (
        listing(
            "outage",
            f"Price of an hour without a desk in a fall of 10% within a day, {fund.currency}.",
            "Hours dark",
            columns(
                ("Fund at the end", of.DRIVEN),
                ("Cost", of.OUTAGE),
                ("Cost per hour", of.OUTAGE),
                ("Least above the floor", of.CUSHION),
            ),
            rows,
            "None.",
        ),
    )
