"""Every kernel by name: taken from memory, else from the cache, else compiled, which the user is told."""

import threading
from collections.abc import Callable
from typing import Any

from insure.rebalancing import Band
from insure.simulation import driver, heston_paths, kernels, ladders, paths, short_ladder
from insure.simulation.compilation import WORLD, Kernel
from insure.strategies import Rule

_SHELF: dict[tuple[str, ...], Kernel] = {}
_LOCK = threading.Lock()

_WORLDS: dict[str, Callable[..., Callable[..., None]]] = {
    "gbm": paths.gbm,
    "merton": lambda nights: paths.jump_diffusion(nights=nights, exponential=False),
    "kou": lambda nights: paths.jump_diffusion(nights=nights, exponential=True),
    "bootstrap": paths.bootstrap,
    "filtered": paths.filtered,
    "switching": paths.switching,
    "heston": lambda nights: heston_paths.heston(nights=nights, jumps=False),
    "bates": lambda nights: heston_paths.heston(nights=nights, jumps=True),
}


def kernel(
    name: tuple[str, ...],
    told: Callable[[str, float], None],
    rule: Rule | None = None,
    band: Band | None = None,
) -> Kernel:
    """The kernel of that name; the first use of one that is in no cache compiles it and says so."""
    key = name if rule is None else (*name, rule.__module__, rule.__qualname__)
    if band is not None:
        key = (*key, band.rule.__module__, band.rule.__qualname__)
    with _LOCK:
        found = _SHELF.get(key)
        if found is None:
            found = _SHELF[key] = _built(name, rule, band)
            if not found.from_cache:
                told(f"compiled {'-'.join(key)} (kept for the next run)", 0.0)
    return found


def _built(name: tuple[str, ...], rule: Any, band: Band | None) -> Kernel:  # noqa: PLR0911  # one kernel a case
    match name:
        case ("world", model, nights):
            return Kernel(_WORLDS[model](nights=nights == "nights"), WORLD, "-".join(name))
        case ("twin", nights, control):
            return kernels.twin_stage(nights=nights == "nights", control=control == "control")
        case ("night",):
            return kernels.night_stage()
        case ("options",):
            return kernels.options_stage()
        case ("rule", estimated, count):
            return kernels.rule_stage(rule, int(count), vol_along_path=estimated == "vol", band=band)
        case ("short", causes, frictions, beside, count):
            return short_ladder.short_ladder(
                rule,
                int(count),
                causes=causes == "causes",
                frictions=frictions == "frictions",
                beside=beside == "beside",
            )
        case ("full", proportional, estimated, width):
            return ladders.full_ladder(
                proportional=proportional == "proportional",
                vol_along_path=estimated == "vol",
                band_along_path=width == "follows",
            )
        case ("driver",):
            return driver.driver()
    raise ValueError(f"no kernel is called {name!r}")
