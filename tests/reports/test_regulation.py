"""Regulatory lines: what applies follows from the fund file alone, and nothing says that anybody complies."""

import re
from dataclasses import replace
from typing import get_args

import pytest

from insure.compliance import Facts
from insure.errors import FundFileError
from insure.fund import Fund, Regime, read_fund
from insure.strategy_terms import StrategyTerms
from reports.compliance.model_card import _CARDS, model_card
from reports.compliance.regulation import NAMES, regulation
from reports.evidence import Evidence
from reports.figures import NotComputed
from reports.html import render
from tests.conftest import REPOSITORY
from tests.reports.lives import HOLD, PUT, contract, lived
from tests.reports.made import compliance_report
from tests.reports.made import facts_of as facts_between

OPTIONS = 'kind = "static_put"'


def facts_of(strategy: str) -> Facts:
    fund, records = lived(strategy)
    return facts_between(fund, records, records[0].session, records[-1].session)


def lines(fund: Fund, facts: Facts) -> dict[str, tuple[str, object]]:
    (table,) = regulation(fund, facts, Evidence()).tables
    return {row.label: (str(row.cells[0].value), row.cells[1].value) for row in table.rows}


def test_nothing_applies_where_nothing_is_named() -> None:
    found = lines(contract(PUT), facts_of(PUT))
    assert {state.partition(":")[0] for state, _ in found.values()} == {"benchmark", "not applicable"}
    assert all(":" in state for state, _ in found.values()), "every line says why"


@pytest.mark.parametrize("regime", get_args(Regime))
def test_what_is_named_applies_and_the_rest_is_a_benchmark(regime: Regime) -> None:
    fund = replace(contract(OPTIONS), regimes=(regime,))
    for label, (state, _) in lines(fund, facts_of(PUT)).items():
        own = label.startswith(NAMES[regime])
        assert state == ("applies" if own else f"benchmark: the fund file names {regime}"), f"{label}: {state}"


def test_derivative_lines_do_not_apply_to_stock_and_cash_whatever_is_named() -> None:
    fund = replace(contract(HOLD), regimes=("ucits", "18f-4"))
    found = lines(fund, facts_of(HOLD))
    for label in ("UCITS Directive 2009/65/EC, art. 51(3): global exposure", "SEC Rule 18f-4, derivatives risk"):
        assert found[label] == (
            "not applicable: the fund holds stock and cash, no derivatives",
            NotComputed("not applicable"),
        )


def test_a_contract_without_regimes_keeps_its_hash_and_one_with_them_is_read_back() -> None:
    plain = contract(PUT)
    assert "regimes" not in plain.effective()
    named = replace(plain, regimes=("ucits",))
    assert named.config_sha256 != plain.config_sha256
    assert '"regimes":["ucits"]' in named.effective()


@pytest.mark.parametrize(("text", "said"), [('["ucits", "ucits"]', "name each regime once"), ('["mifid"]', "regimes")])
def test_a_regime_that_is_none_is_refused(text: str, said: str) -> None:
    example = (REPOSITORY / "insure" / "examples" / "cppi.toml").read_text(encoding="utf-8")
    with pytest.raises(FundFileError, match=said):
        read_fund(example.replace('# regimes = ["ucits", "rts-6"]', f"regimes = {text}"))


def test_nothing_in_the_product_says_that_it_complies() -> None:
    """ "Supports", never "is compliant": in code, pages and documents."""
    words = r"\b(is|are|fully|be) compliant\b|\bensures? compliance\b|\bguarantees? compliance\b"
    claim = re.compile(words, re.IGNORECASE)
    roots = [REPOSITORY / name for name in ("insure", "reports", "schedules", "templates", "docs")]
    files = [path for root in roots for path in root.rglob("*") if path.suffix in {".py", ".j2", ".md", ".toml"}]
    assert len(files) > 200, "the tree was not found"
    found = {str(path): hit[0] for path in files if (hit := claim.search(path.read_text(encoding="utf-8")))}
    assert not found, found
    _, records = lived(PUT)
    assert not claim.search(render(compliance_report(PUT, records[0].session, records[20].session)))


def test_every_strategy_has_a_model_card_whose_checks_exist() -> None:
    kinds = {terms.__dataclass_fields__["kind"].default for terms in get_args(StrategyTerms)}
    assert set(_CARDS) == kinds, "a strategy without a card, or the other way round"
    for kind in kinds:
        assert (REPOSITORY / "insure" / "strategies" / f"{kind}.py").is_file(), kind
    _, records = lived(PUT)
    held = model_card(contract(PUT), facts_of(PUT), records[-1]).tables[1].rows
    tests = [str(cell.value) for row in held for cell in row.cells if str(cell.value).startswith("tests/")]
    assert tests, "no test is named"
    assert all((REPOSITORY / test).is_file() for test in tests), tests
