"""A contract is what its file says: equal contracts have one hash, and every key counts in it."""

import tomllib
from decimal import Decimal
from importlib import resources

import pytest

from insure.errors import FundFileError
from insure.fund import read_fund
from tests.contracts import fund

EXAMPLES = sorted(path.name for path in resources.files("insure").joinpath("examples").iterdir())


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_are_contracts_whose_every_key_is_explained(name: str) -> None:
    text = resources.files("insure").joinpath("examples", name).read_text(encoding="utf-8")
    contract = read_fund(text, name)
    assert contract.id == tomllib.loads(text)["id"]
    bare = [line for line in text.splitlines() if "=" in line.split("#")[0] and "#" not in line]
    assert not bare, f"{name} leaves keys without a comment: {bare}"


def test_one_amount_written_twice_is_one_contract() -> None:
    plain, padded = fund(initial_money=Decimal(1_000_000)), fund(initial_money=Decimal("1000000.00"))
    assert plain == padded
    assert plain.effective() == padded.effective()
    assert plain.config_sha256 == padded.config_sha256


@pytest.mark.parametrize(
    "change",
    [
        {"initial_money": 1_000_001},
        {"band": {"width_weight": 0.01}},
        {"costs": {"commission_bps": 1.0}},
        {"limits": {"no_cushion": "model"}},
        {"protection": {"floor_fraction": 0.91}},
        {"strategy": {"kind": "cppi"}},
        {"stage": "paper"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_key_counts_in_the_hash(change: dict[str, int]) -> None:
    assert fund(**change).config_sha256 != fund().config_sha256


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "id is missing"),
        ("id = 'x'\n[protection", "is not TOML"),
        ("surprise = 1", "surprise is not a key of a fund file"),
    ],
)
def test_what_is_wrong_is_named(text: str, expected: str) -> None:
    with pytest.raises(FundFileError, match=expected):
        read_fund(text, "funds/x.toml")
