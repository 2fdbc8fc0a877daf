"""Where the figures of a stress report come from: each formula once, with its author or the page of the manual."""

from dataclasses import dataclass

from reports.figures import Figure, Unit, Value

_THEORY = "docs/theory.md"
_STRESS = "docs/stress.md"


@dataclass(frozen=True, slots=True)
class Formula:
    """One formula; figures name it by its words, and the page links them to it."""

    key: str
    words: str
    formula: str
    where: str

    @property
    def row(self) -> str:
        """Its id on the page."""
        return f"formula-{self.key}"

    def figure(self, label: str, value: Value, unit: Unit) -> Figure:
        """A figure that comes from it."""
        return Figure(label, value, unit, self.words, self.row)


RECORD = Formula(
    "record", "the decision as recorded", "Read from the record whose hash stands under Evidence.", "the book"
)
CONTRACT = Formula("contract", "the fund file", "Read from the contract whose hash stands under Evidence.", "the book")
ASKED = Formula(
    "asked",
    "as asked",
    "the moves, scenarios, levels, spans and strategies of the standard pack",
    "insure/stress/pack.py; docs/stress.md",
)
SCENARIO = Formula(
    "scenario",
    "path of the scenario",
    "closing or told levels over the price of today; source and assumptions stand under Assumptions",
    "insure/simulation/crises.py; docs/stress.md",
)
MANUAL = Formula("manual", "the manual", "docs/theory.md and docs/stress.md of this version", "this program")
NAV = Formula(
    "nav", "units \u00d7 price + cash", "V = units \u00d7 S + cash + options at their mark", f"{_STRESS}, The position"
)
WEIGHT = Formula("weight", "equity / net asset value", "w = units \u00d7 S / V", f"{_STRESS}, The position")
FLOOR = Formula(
    "floor",
    "floor of the strategy",
    "F = G e^(\u2212r\u03c4) where it accretes; fixed, stepped or a fraction of the peak where the contract says so",
    f"{_THEORY}, CPPI and TIPP",
)
CUSHION = Formula("cushion", "net asset value \u2212 floor", "C = V \u2212 F; below zero the floor is broken", _THEORY)
SHORTFALL = Formula("shortfall", "what is missing to the floor", "max(F \u2212 V, 0)", _THEORY)
GAP = Formula(
    "gap",
    "cushion / equity",
    "C / E: the instant fall that takes the fund to its floor; with options held, the fall at which V = F",
    f"{_THEORY}, Gap risk",
)
TWIN = Formula(
    "twin",
    "the same capital with a true put",
    "n\u2032 units of stock, each with a put, marked at the put's volatility",
    f"{_THEORY}, Slippage",
)
SLIPPAGE = Formula("slippage", "fund \u2212 twin", "V \u2212 V of the twin, after costs", f"{_THEORY}, Slippage")
TRADE = Formula(
    "trade", "units of the decision \u00d7 price", "signed; below zero stock is sold", f"{_STRESS}, The gap ladder"
)
TARGET = Formula("target", "the ladder's rung lots", "equity weight that the decision goes to", f"{_STRESS}, Journeys")
VOLUME = Formula(
    "volume",
    "units / (volume \u00d7 share)",
    "|units| / (average daily volume \u00d7 the largest share of it that orders may take)",
    f"{_STRESS}, The gap ladder",
)
RANK = Formula(
    "rank",
    "rank among real days",
    "place among the close-to-close falls of 5 % and more of the S&P 500, 1950-01-03 to 2020-12-30: 29 of 17,864 days",
    f"{_STRESS}, The gap ladder",
)
FREQUENCY = Formula("frequency", "days as deep / days", "share of daily returns \u2264 \u2212fall", _STRESS)
JUMPS = Formula(
    "jumps",
    "Merton's jumps, integrated",
    "1 \u2212 (1 \u2212 p)^n, p = \u03a3 Poisson(k; \u03bb dt) N((ln(1 \u2212 fall) \u2212 a \u2212 k m) / "
    "\u221a(\u03c3\u00b2 dt + k s\u00b2))",
    "Merton (1976), J. Financial Economics 3; insure/stress/jumps.py",
)
PUT = Formula(
    "put",
    "puts on all units held",
    "units \u00d7 P(S, K); plain by Black and Scholes, with jumps by Merton at the rate",
    "Black and Scholes (1973); Merton (1976)",
)
DRIVEN = Formula(
    "driven",
    "driven by live decisions",
    "decide, accrue and follow of a live tick, step by step, under the step's trading conditions",
    f"{_STRESS}, Journeys",
)
CAUSES = Formula(
    "causes",
    "slippage by cause",
    "per step \u03a3 (rung \u2212 rung before) X + hedging error \u2212 costs + funding; carried at the rate, it "
    "adds up to fund \u2212 twin",
    f"{_THEORY}, Slippage",
)
MEAN = Formula(
    "mean",
    "mean over paths",
    "x\u0304 = \u03a3 x / n; standard error s / \u221an",
    f"{_THEORY}, The laboratory",
)
QUANTILE = Formula(
    "quantile",
    "order statistics",
    "the p-quantile of n paths; its error is half of what lies between the ranks np \u00b1 \u221a(p(1 \u2212 p)n)",
    "David and Nagaraja (2003), Order Statistics",
)
TAIL = Formula(
    "tail",
    "mean of the worst 5 %",
    "q \u2212 E[(q \u2212 x)\u207a] / 5 %",
    "Acerbi and Tasche (2002), J. Banking and Finance 26",
)
PROBABILITY = Formula(
    "probability",
    "paths where it happened / paths",
    "p = k / n; standard error \u221a(p(1 \u2212 p) / (n \u2212 1))",
    f"{_THEORY}, The laboratory",
)
BOUND = Formula(
    "bound",
    "95 % interval of the probability",
    "from B(2.5 %; k, n \u2212 k + 1) to B(97.5 %; k + 1, n \u2212 k), B the quantile of the beta law; for k = 0 up to "
    "1 \u2212 0.025^(1/n)",
    "Clopper and Pearson (1934), Biometrika 26",
)
DIFFERENCE = Formula(
    "difference",
    "mean of differences, path by path",
    "d\u0304 = \u03a3 (x \u2212 own) / n on identical paths; standard error s(d) / \u221an",
    "insure/stress/paired.py",
)
IMPACT = Formula(
    "impact",
    "the crowd's impact",
    "d ln P = 5.00e-4 (P V / 40e6)^(1/3) (s / 0.02)^(4/3) X / (0.01 V)",
    "Kyle and Obizhaeva (2016), Econometrica 84; docs/stress.md, The herd",
)
CROWD = Formula(
    "crowd",
    "where price and crowd agree",
    "P = news \u00d7 e^impact(what the rule sells at P), the clearing price nearest to the news",
    "Gennotte and Leland (1990), American Economic Review 80",
)
SHARE = Formula("share", "insured / market", "insured money / the market's capitalisation", f"{_STRESS}, The herd")
DESIGN = Formula(
    "design",
    "the nearest shocks to zero",
    "min |z| with V = F; probability N(\u2212|z|), first order",
    "Hasofer and Lind (1974), J. Engineering Mechanics 100; Rackwitz and Fiessler (1978)",
)
FRONTIER = Formula(
    "frontier",
    "largest gap survived",
    "by bisection to 0.01 %, over sessions shut and the part of an order that is filled",
    f"{_STRESS}, Reverse stress",
)
OUTAGE = Formula(
    "outage",
    "with the desk \u2212 without",
    "value at the end of the same fall, desk at work, less desk dark",
    f"{_STRESS}, Journeys",
)
FITTED = Formula(
    "fitted",
    "fitted to the fund's history",
    "returns beyond four standard deviations of the diffusion are jumps; the rest gives the diffusion",
    "Mancini (2009), Scandinavian J. of Statistics 36; docs/stress.md",
)
STUDY = Formula(
    "study",
    "recipe of the simulation",
    "the same recipe gives the same paths, on any number of threads",
    f"{_STRESS}, Under a model",
)
INSTALLED = Formula("installed", "as installed", "read from the distributions that made this report", "this program")

FORMULAS = (
    RECORD,
    CONTRACT,
    ASKED,
    SCENARIO,
    MANUAL,
    NAV,
    WEIGHT,
    FLOOR,
    CUSHION,
    SHORTFALL,
    GAP,
    TWIN,
    SLIPPAGE,
    TRADE,
    TARGET,
    VOLUME,
    RANK,
    FREQUENCY,
    JUMPS,
    PUT,
    DRIVEN,
    CAUSES,
    MEAN,
    QUANTILE,
    TAIL,
    PROBABILITY,
    BOUND,
    DIFFERENCE,
    IMPACT,
    CROWD,
    SHARE,
    DESIGN,
    FRONTIER,
    OUTAGE,
    FITTED,
    STUDY,
    INSTALLED,
)
"""All of them, in the order of the page."""
