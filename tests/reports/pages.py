"""Reading a page as a stranger would: its elements, its written numbers and the exact values behind them."""

import re
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

_SILENT = frozenset({"style", "svg", "script"})
_DAY_IN_PROSE = re.compile(r"<time>([^<]*)</time>")
"""Marked so that no line breaks in it; it belongs to its sentence."""
_VOID = frozenset({"meta", "link", "br", "hr", "img", "input"})


@dataclass(slots=True)
class Page(HTMLParser):
    """A parsed page."""

    html: str
    elements: Counter[str] = field(default_factory=Counter)
    attributes: Counter[str] = field(default_factory=Counter)
    figures: list[tuple[str, str]] = field(default_factory=list)
    """(exact value, written text) of every <data>."""
    instants: list[tuple[str, str]] = field(default_factory=list)
    """(exact value, written text) of every <time>."""
    words: list[str] = field(default_factory=list)
    """All other text, outside style sheets and pictures."""
    ids: list[str] = field(default_factory=list)
    _open: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        HTMLParser.__init__(self)
        self.feed(_DAY_IN_PROSE.sub(r"\1", self.html))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        given = dict(attrs)
        for name in given:
            self.attributes[name] += 1
        if given.get("id"):
            self.ids.append(given["id"] or "")
        if tag not in _VOID:
            self._open.append((tag, given.get("value") or given.get("datetime") or ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        for name, _ in attrs:
            self.attributes[name] += 1

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            opened, _ = self._open.pop()
            if opened == tag:
                return

    def handle_data(self, data: str) -> None:
        if not data.strip(" \n\t") or any(tag in _SILENT for tag, _ in self._open):
            return
        tag, exact = self._open[-1] if self._open else ("", "")
        if tag == "data":
            self.figures.append((exact, data))
        elif tag == "time":
            self.instants.append((exact, data))
        else:
            self.words.append(data)


def numbers(text: str) -> list[str]:
    """Runs of digits with what may stand between them: 1,234.50, 2008-10-15, 20:00."""
    return re.findall(r"\d(?:[\d.,:\-]*\d)?", text)
