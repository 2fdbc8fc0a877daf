"""The section of a compliance report on what decided: versions, chain and verification."""

from insure.book.record import Record
from insure.compliance import Facts, Judgement
from reports.evidence import Evidence
from reports.figures import Figure, NotComputed, Unit
from reports.sections import Section

_TEXT: Unit = "text"


def lineage(facts: Facts, anchor: tuple[int, str], evidence: Evidence) -> Section:
    """Versions, chain and verification."""
    versions = sorted({record.code_version for record in facts.records}) or ["none in this period"]
    used = list(dict.fromkeys(record.decision.config_sha256 for record in facts.records))
    codes = list(dict.fromkeys(code for record in facts.records if (code := _code(record))))
    judgement: Judgement | None = None if evidence.verified is None else "kept" if evidence.verified else "breached"
    installed = "installed when this report was made"
    figures = {
        "program": Figure("Program", ", ".join(versions), _TEXT, "that made the decisions"),
        **{
            f"code_{number}": Figure(f"Code {number}", sha, "hash", "SHA-256 of the sources that decided")
            for number, sha in enumerate(codes, start=1)
        },
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


def _code(record: Record) -> str:
    """Hash of the code that decided; empty where a replay did not ask for it."""
    seen = record.decision.circumstances
    return "" if seen is None else seen.code_sha256
