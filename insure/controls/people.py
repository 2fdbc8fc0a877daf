"""People who speak: one name, however it is typed."""

import unicodedata
from collections.abc import Iterable, Sequence

from insure.errors import InvalidInput

LONGEST_NAME = 100
LONGEST_REASON = 500


def normalised(name: str) -> str:
    """A name without its case, its spaces at the ends and its doubled spaces: what two voices are told apart by."""
    return " ".join(unicodedata.normalize("NFKC", name).split()).casefold()


def distinct(names: Iterable[str]) -> tuple[str, ...]:
    """Different people among names, each as it was first written, in order."""
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(normalised(name), name)
    return tuple(found.values())


def speaker(by: str, people: Sequence[str]) -> str:
    """Who speaks, written as the desk writes it.

    Args:
        by: the name as it was given.
        people: who may speak at this desk; empty where anybody may.

    Raises:
        InvalidInput: nobody is named, or the desk does not list this name.
    """
    tidy = " ".join(unicodedata.normalize("NFKC", by).split())
    if not (tidy and tidy.isprintable() and len(tidy) <= LONGEST_NAME):
        raise InvalidInput(f"by is {by!r}; it must be the name of a person, up to {LONGEST_NAME} letters.")
    if not people:
        return tidy
    for person in people:
        if normalised(person) == normalised(tidy):
            return person
    raise InvalidInput(f"by is {tidy!r}; desk.toml lists {', '.join(people)} and nobody else.")


def spoken(name: str, reason: str, *, wanted: bool = True) -> str:
    """A reason in words on one line; ``name`` is the argument's.

    Raises:
        InvalidInput: it is missing where one is wanted, or cannot be printed on a line.
    """
    tidy = reason.strip()
    if wanted and not tidy:
        raise InvalidInput(f"{name} is empty; say why, in words.")
    if not (tidy.isprintable() and len(tidy) <= LONGEST_REASON):
        raise InvalidInput(f"{name} is {reason!r}; expected one line of up to {LONGEST_REASON} letters.")
    return tidy
