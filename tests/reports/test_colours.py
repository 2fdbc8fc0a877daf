"""Colours of lines: readers with any of the three kinds of colour blindness tell them apart, on every ground."""

import itertools
import re
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from reports.drawing import PENS
from reports.html import template_folder
from reports.pdf import _PAPER
from tests.reports.colours import TOGETHER

Vector: TypeAlias = NDArray[np.float64]

LEAST = 10.0
"""CIE 1976 colour difference; about 2.3 can just be noticed side by side."""
SEEN = {
    "everybody": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
"""Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB."""
_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_WHITE = np.array([0.9505, 1.0, 1.089])


def _grounds() -> dict[str, dict[str, str]]:
    style = (template_folder() / "style.css").read_text(encoding="utf-8")
    light, dark = (dict(re.findall(r"(--[a-z]+): (#[0-9a-f]{6});", part)) for part in style.split("@media", 2)[:2])
    return {"light": light, "dark": dark, "paper": _PAPER}


GROUNDS = _grounds()


def _linear(colour: str) -> Vector:
    value = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255.0
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def _lab(linear: Vector) -> Vector:
    x, y, z = _TO_XYZ @ np.clip(linear, 0.0, 1.0) / _WHITE
    fx, fy, fz = (np.cbrt(v) if v > 0.008856 else 7.787 * v + 16.0 / 116.0 for v in (x, y, z))
    return np.array([116.0 * fy - 16.0, 500.0 * (fx - fy), 200.0 * (fy - fz)])


def _difference(first: str, second: str, seen: Vector) -> float:
    return float(np.linalg.norm(_lab(seen @ _linear(first)) - _lab(seen @ _linear(second))))


def _contrast(first: str, second: str) -> float:
    darker, lighter = sorted(float(_TO_XYZ[1] @ _linear(colour)) for colour in (first, second))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("seen", SEEN)
@pytest.mark.parametrize("ground", GROUNDS)
def test_any_two_lines_of_a_chart_are_told_apart(ground: str, seen: str) -> None:
    colours = GROUNDS[ground]
    for together in TOGETHER:
        for one, other in itertools.combinations(together, 2):
            apart = _difference(colours[PENS[one].colour], colours[PENS[other].colour], SEEN[seen])
            assert apart >= LEAST, f"{one} and {other} on {ground} are {apart:.1f} apart under {seen}"


@pytest.mark.parametrize("ground", GROUNDS)
def test_names_of_lines_are_read_in_their_colours(ground: str) -> None:
    for role in {role for together in TOGETHER for role in together}:
        contrast = _contrast(GROUNDS[ground][PENS[role].colour], GROUNDS[ground]["--paper"])
        assert contrast >= 4.5, f"{role} on {ground} has a contrast of {contrast:.2f}"


def test_the_measure_finds_the_known_confusion() -> None:
    """Red and green of one lightness: far apart for most, near for who lacks the long or middle cones."""
    red, green = "#b34700", "#6f7100"
    assert _difference(red, green, SEEN["everybody"]) > 40.0
    assert _difference(red, green, SEEN["deuteranopia"]) < 25.0
