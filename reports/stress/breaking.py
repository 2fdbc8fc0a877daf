"""The stress report on what breaks the floor: a crowd of the fund's own kind, and stress in reverse."""

from insure.fund import Fund
from insure.stress import StressResult
from insure.stress.herd import Herd, HerdRow
from insure.stress.reverse import Frontier, LikelyPath, Reverse
from reports import filters
from reports.figures import Figure, Figures, Line, NotComputed, Role
from reports.pictures import Curves, Mark
from reports.stress import formulas as of
from reports.stress.parts import BROKEN, HOLDS, Entry, Listing, Part, columns, floor_word, listing, text, tone, when

_NEITHER = "broken without a crowd, or by none up to half of the market"
_ROLES: tuple[Role, ...] = ("fund", "first", "second", "third", "fourth", "fifth")


def herd(fund: Fund, result: StressResult) -> Part:
    """Fall against the share of the market that insures as the fund does."""
    found, title = result.herd, "A crowd that does the same"
    if found is None:
        return Part("herd", title, "No crowd was computed.", missing=_told(result, "herd"))
    own = result.nav / found.market.capitalisation
    return Part(
        "herd",
        title,
        _herd_sentence(found),
        (f"The news: {found.source}", f"The market: {found.market.name}. {_rules(found)}"),
        {
            "own_share": of.SHARE.figure("The fund's own share of this market", own, "probability"),
            "depth": of.IMPACT.figure("Sale that moves the price by 1%, at the start", found.depth, "money"),
            "breaking_share": of.CROWD.figure(
                "Share at which the floor breaks", _share(found.breaking_share, found.sentence.rstrip(".")), "weight"
            ),
            "at_once": of.CROWD.figure(
                "The same, everything executed at once", _share(found.breaking_share_at_once, _NEITHER), "weight"
            ),
            "steady": of.CROWD.figure(
                "The same, in a market of steady depth", _share(found.breaking_share_steady, _NEITHER), "weight"
            ),
        },
        _herd_pictures(result, found, own),
        listings=(_herd_rows(fund, found),),
    )


def _rules(found: Herd) -> str:
    return (
        f"Everybody executes {filters.percent(found.executed, 0)} of what the rule asks for in a session. Where no "
        "orderly price clears the market, the path ends: what stands there says that there is none, not which."
    )


def _told(result: StressResult, what: str) -> tuple[str, ...]:
    return tuple(sentence for sentence in result.not_computed if sentence.startswith(f"not computed: {what}"))


def _share(share: float | None, why: str) -> float | NotComputed:
    return NotComputed(why[:1].lower() + why[1:]) if share is None else share


def _herd_sentence(found: Herd) -> str:
    if found.breaking_share is None:
        return found.sentence
    insured = filters.brief_money(found.breaking_share * found.market.capitalisation)
    return (
        "On news that the fund survives alone, the strategy breaks itself where "
        f"{filters.percent(found.breaking_share)} of the market ({insured}) follow it."
    )


def _herd_pictures(result: StressResult, found: Herd, own: float) -> tuple[Curves, ...]:
    rows = sorted(found.rows, key=lambda row: row.share)
    if len(rows) < 2:
        return ()
    marks = [Mark(own, "this fund")]
    if found.breaking_share is not None and found.breaking_share <= rows[-1].share:
        marks.append(Mark(found.breaking_share, f"floor at {filters.percent(found.breaking_share, 1)}"))
    return (
        Curves(
            "herd-curve",
            "Fall against the share that insures",
            "The index at its lowest, what the crowd's own selling did of it, and the fund's loss, by the share of the "
            "market that follows the rule.",
            "Insured share of the market",
            "weight",
            "change",
            tuple(row.share for row in rows),
            (
                Line("Fund", "fund", tuple(row.nav / result.nav - 1.0 for row in rows)),
                Line("Index", "index", tuple(row.fall for row in rows)),
                Line("By the crowd", "first", tuple(row.own_fall for row in rows)),
            ),
            tuple(marks),
            dots=True,
            from_zero=True,
        ),
    )


def _herd_rows(fund: Fund, found: Herd) -> Listing:
    return listing(
        "crowd",
        f"Sizes of the crowd; insured and sold in the market's money, the fund's in {fund.currency}.",
        "Share of market",
        columns(
            ("Insured", of.SHARE),
            ("Index at its lowest", of.CROWD),
            ("By the crowd", of.CROWD),
            ("Sold", of.CROWD),
            ("Rounds in a session", of.CROWD),
            ("Fund at the end", of.DRIVEN),
            ("Least above the floor", of.CUSHION),
            ("Floor holds", of.CUSHION),
            ("Slippage added", of.SLIPPAGE),
        ),
        tuple(_herd_row(row) for row in found.rows),
        "None was asked for.",
    )


def _herd_row(row: HerdRow) -> Entry:
    word = (
        text("Floor", f"{BROKEN}, no orderly price")
        if row.failed
        else floor_word(broken=row.breached if row.floor > 0.0 else None)
    )
    return Entry(
        f"{row.share * 1e4:.0f}",
        Figure("Share of market", row.share, "weight"),
        (
            Figure("Insured", row.insured, "money"),
            Figure("Index at its lowest", row.fall, "change"),
            Figure("By the crowd", row.own_fall, "change"),
            Figure("Sold", row.sold, "money"),
            Figure("Rounds in a session", row.worst_rounds, "count"),
            Figure("Fund at the end", row.nav, "money"),
            Figure("Least above the floor", row.lowest_cushion, "gain"),
            word,
            Figure("Slippage added", NotComputed("no twin") if row.slippage is None else row.slippage, "gain"),
        ),
        tone(broken=row.breached or row.failed),
    )


def reverse(fund: Fund, result: StressResult) -> Part:
    """Which fall, which path and which combination breaks the floor; what does not is said so."""
    found, title = result.reverse, "Reverse stress"
    if found is None:
        return Part("reverse", title, "Nothing was computed.", missing=_told(result, "reverse"))
    smallest = found.smallest_gap
    sentence = (
        "No instant fall of the index reaches the floor."
        if smallest is None
        else f"The smallest instant fall that reaches the floor is {filters.percent(smallest)}."
    )
    worst = [path for path in found.paths if path.distance is not None]
    if worst:
        near = min(worst, key=lambda path: path.distance or 0.0)
        sentence += (
            f" The likeliest lognormal path loses {filters.percent(-near.fall)} in {_sessions(near.sessions)}, "
            f"{filters.number(near.distance or 0.0, 1)} standard deviations away."
        )
    return Part(
        "reverse",
        title,
        sentence,
        figures=_reverse_figures(found),
        pictures=(*_paths_picture(found), *_frontier_picture(found)),
        listings=(_breaks(fund, result), *_paths(fund, found), *_frontier(found)),
        missing=(*found.not_computed, *_never_whole(found)),
    )


def _sessions(count: int) -> str:
    return "one session" if count == 1 else f"{count} sessions"


def _reverse_figures(found: Reverse) -> Figures:
    none = NotComputed("no instant fall reaches the floor")
    return {
        "smallest_gap": of.GAP.figure(
            "Smallest instant fall to the floor", none if found.smallest_gap is None else found.smallest_gap, "weight"
        )
    }


def _breaks(fund: Fund, result: StressResult) -> Listing:
    """Everything that was tried, by whether it broke the floor."""
    rows = [_breaking_gap(result)]
    for place, each in enumerate(result.scenarios, start=1):
        low = each.journey.lowest_cushion
        broken = None if low is None else each.journey.breach is not None
        rows.append(
            Entry(
                f"scenario-{place}",
                text("What", each.journey.title),
                (
                    floor_word(broken=broken),
                    Figure("Least above the floor", NotComputed("no floor") if low is None else low, "gain"),
                    text("Where", "" if each.journey.breach is None else when(each.journey.breach.label)),
                ),
                tone(broken=broken),
            )
        )
    if result.herd is not None and result.floor:
        rows.append(_breaking_crowd(result.herd))
    rows.sort(key=lambda row: row.tone != "bad")
    return listing(
        "breaks",
        f"What breaks the floor, first, and what does not, {fund.currency}.",
        "What",
        columns(("Floor holds", of.CUSHION), ("Least above the floor", of.CUSHION), ("Where", of.DRIVEN)),
        tuple(rows),
        "Nothing was tried.",
    )


def _breaking_gap(result: StressResult) -> Entry:
    broken = [rung for rung in result.gaps if rung.breached]
    if not broken:
        deepest = min((rung.move for rung in result.gaps), default=None)
        tried = (
            "no instant move was tried" if deepest is None else f"instant moves down to {filters.percent(deepest, 0)}"
        )
        low = min((rung.cushion for rung in result.gaps if rung.cushion is not None), default=None)
        word = text("Floor", HOLDS) if low is not None else text("Floor", "no floor")
        cell = Figure("Least above the floor", NotComputed("no floor") if low is None else low, "gain")
        return Entry("gaps", text("What", tried), (word, cell, text("Where", "")))
    first = max(broken, key=lambda rung: rung.move)
    cushion = NotComputed("no floor") if first.cushion is None else first.cushion
    some = first.move < 0.0
    return Entry(
        "gaps",
        text("What", f"an instant fall of {filters.percent(-first.move, 0)} or more" if some else "any instant move"),
        (text("Floor", BROKEN), Figure("Least above the floor", cushion, "gain"), text("Where", "at once")),
        "bad",
    )


def _breaking_crowd(found: Herd) -> Entry:
    share = found.breaking_share
    words = "a crowd of the sizes searched" if share is None else f"a crowd of {filters.percent(share)} of the market"
    alone = found.rows[0].breached if found.rows and found.rows[0].share == 0.0 else False
    broken = share is not None or alone
    return Entry(
        "crowd",
        text("What", "the news of the crowd's table, without a crowd" if alone else words),
        (
            text("Floor", BROKEN if broken else HOLDS),
            Figure("Least above the floor", NotComputed("the share is found, not a path"), "gain"),
            text("Where", found.scenario),
        ),
        "bad" if broken else "",
    )


def _paths_picture(found: Reverse) -> tuple[Curves, ...]:
    paths = [path for path in found.paths if path.distance is not None][: len(_ROLES)]
    if not paths:
        return ()
    longest = max(path.sessions for path in paths)
    lines = []
    for role, path in zip(_ROLES, paths, strict=False):
        level, levels = 1.0, [1.0]
        for move in path.returns:
            level *= 1.0 + move
            levels.append(level)
        lines.append(Line(f"in {path.sessions}", role, (*levels, *([None] * (longest - path.sessions)))))
    return (
        Curves(
            "likely-paths",
            "The likeliest paths to the floor",
            "The index as a share of today's price, by sessions, on the likeliest lognormal path that leads to the "
            "floor in so many of them.",
            "Sessions from today",
            "count",
            "weight",
            tuple(float(k) for k in range(longest + 1)),
            tuple(lines),
            dots=True,
        ),
    )


def _paths(fund: Fund, found: Reverse) -> tuple[Listing, ...]:
    if not found.paths:
        return ()
    return (
        listing(
            "paths",
            f"The likeliest ways to the floor; what is left there in {fund.currency}.",
            "Model and sessions",
            columns(
                ("Index in all", of.DESIGN),
                ("Worst session", of.DESIGN),
                ("Standard deviations", of.DESIGN),
                ("Probability", of.DESIGN),
                ("Left above the floor", of.CUSHION),
            ),
            tuple(_path(path) for path in found.paths),
            "None was found.",
        ),
    )


def _path(path: LikelyPath) -> Entry:
    far = NotComputed("one jump, not a distance") if path.distance is None else path.distance
    return Entry(
        f"{path.model}-{path.sessions}",
        text("Model and sessions", f"{path.model}, {_sessions(path.sessions)}"),
        (
            Figure("Index in all", path.fall, "change"),
            Figure("Worst session", min(path.returns), "change"),
            Figure("Standard deviations", far, "number"),
            Figure("Probability", path.probability, "probability"),
            Figure("Left above the floor", path.cushion, "gain"),
        ),
    )


def _frontier_picture(found: Reverse) -> tuple[Curves, ...]:
    table = found.frontier
    if table is None or len(table.delays) < 2 or _all_broken(table):
        return ()
    return (
        Curves(
            "frontier",
            "Largest gap survived when trading is late and thin",
            f"By sessions shut after the gap and the part of each order that is filled. {table.assumption}",
            "Sessions without trading after the gap",
            "count",
            "weight",
            tuple(float(delay) for delay in table.delays),
            tuple(
                Line(f"{filters.percent(fill, 0)} filled", role, tuple(row[k] for row in table.gaps))
                for k, (fill, role) in enumerate(zip(table.fills, _ROLES, strict=False))
            ),
            dots=True,
            from_zero=True,
        ),
    )


def _frontier(found: Reverse) -> tuple[Listing, ...]:
    table = found.frontier
    if table is None or _all_broken(table):
        return ()
    return (_frontier_listing(table),)


def _all_broken(table: Frontier) -> bool:
    return all(gap is None for row in table.gaps for gap in row)


def _never_whole(found: Reverse) -> tuple[str, ...]:
    """In the place of a table that would say the same in every cell."""
    table = found.frontier
    if table is None or not _all_broken(table):
        return ()
    sessions = f"{table.delays[0]} to {table.delays[-1]} sessions shut"
    filled = f"{filters.percent(min(table.fills), 0)} to {filters.percent(max(table.fills), 0)} of each order filled"
    broken = f"Late and thin trading: with {sessions} and {filled} the floor is broken without a gap."
    return (f"{broken} {table.assumption}",)


def _frontier_listing(table: Frontier) -> Listing:
    none = f"{BROKEN} without a gap"
    rows = tuple(
        Entry(
            str(delay),
            Figure("Sessions shut", delay, "count"),
            tuple(
                Figure(f"{filters.percent(fill, 0)} filled", none if gap is None else gap, "weight")
                for fill, gap in zip(table.fills, row, strict=True)
            ),
        )
        for delay, row in zip(table.delays, table.gaps, strict=True)
    )
    return listing(
        "combinations",
        f"Which combination breaks the floor: the largest gap that is survived. {table.assumption}",
        "Sessions shut",
        columns(*((f"{filters.percent(fill, 0)} filled", of.FRONTIER) for fill in table.fills)),
        rows,
        "None was computed.",
    )
