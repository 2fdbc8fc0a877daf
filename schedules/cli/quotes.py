"""`insure price` and `insure solve`: what a put costs, and what a floor costs."""

from math import isfinite
from typing import Annotated, Literal

import typer

from schedules.cli.answer import Answer, JsonOption, percent

price_app = typer.Typer(help="Price a European option and its sensitivities.", no_args_is_help=True)

Spot = Annotated[float, typer.Option(help="Price of the index.")]
Strike = Annotated[float, typer.Option(help="Strike, in the same money.")]
Years = Annotated[float, typer.Option(help="Time to expiry, years.")]
Rate = Annotated[float, typer.Option(help="Continuously compounded rate per year: 0.03 is 3 %.")]
Vol = Annotated[float, typer.Option(help="Volatility per square root of year: 0.2 is 20 %.")]
Yield = Annotated[float, typer.Option(help="Continuously compounded dividend yield per year.")]


@price_app.command("put")
def put(
    spot: Spot,
    strike: Strike,
    years: Years,
    rate: Rate,
    vol: Vol,
    dividend_yield: Yield = 0.0,
    as_json: JsonOption = False,
) -> None:
    """Black-Scholes-Merton price and Greeks of a put."""
    _price("put", spot, strike, years, rate, vol, dividend_yield, Answer(as_json))


@price_app.command("call")
def call(
    spot: Spot,
    strike: Strike,
    years: Years,
    rate: Rate,
    vol: Vol,
    dividend_yield: Yield = 0.0,
    as_json: JsonOption = False,
) -> None:
    """Black-Scholes-Merton price and Greeks of a call."""
    _price("call", spot, strike, years, rate, vol, dividend_yield, Answer(as_json))


def _price(
    kind: Literal["put", "call"],
    spot: float,
    strike: float,
    years: float,
    rate: float,
    vol: float,
    dividend_yield: float,
    answer: Answer,
) -> None:
    from insure.pricing import black_scholes  # noqa: PLC0415 - numpy and scipy only when a price is asked for

    greeks = black_scholes.greeks(kind, spot, strike, years, rate, vol, dividend_yield)
    figures = {
        "price": float(greeks.price),
        "delta": float(greeks.delta),
        "gamma": float(greeks.gamma),
        "vega": float(greeks.vega),
        "theta": float(greeks.theta),
        "rho": float(greeks.rho),
    }
    # At its kink an option has infinite gamma and theta; JSON has no number for that.
    answer.give({"kind": kind, **{name: value if isfinite(value) else None for name, value in figures.items()}})
    meanings = {
        "price": "money per unit",
        "delta": "per point of the index",
        "gamma": "change of delta per point",
        "vega": "per 1.00 of volatility",
        "theta": "per year",
        "rho": "per 1.00 of rate",
    }
    rows = [
        [name, f"{figures[name]:,.6f}" if isfinite(figures[name]) else "infinite", meaning]
        for name, meaning in meanings.items()
    ]
    answer.table(f"European {kind}", [("figure", "left"), ("value", "right"), ("unit", "left")], rows)


def solve(
    value: Annotated[float, typer.Option(help="Money under protection now.")],
    floor: Annotated[float, typer.Option(help="Money guaranteed at the horizon.")],
    years: Years,
    rate: Rate,
    vol: Vol,
    dividend_yield: Yield = 0.0,
    dividends: Annotated[str, typer.Option(help="reinvested or paid_out.")] = "reinvested",
    financing: Annotated[str, typer.Option(help="fund: the premium comes out of it; or external.")] = "fund",
    as_json: JsonOption = False,
) -> None:
    """Strike, participation, premium and first equity weight of an insured fund."""
    from insure.arguments import one_of  # noqa: PLC0415
    from insure.strategies import synthetic_put  # noqa: PLC0415

    answer = Answer(as_json)
    solution = synthetic_put.solve(
        value,
        floor,
        years,
        rate,
        vol,
        dividend_yield,
        "reinvested" if one_of("dividends", dividends, ("reinvested", "paid_out")) == "reinvested" else "paid_out",
        "fund" if one_of("financing", financing, ("fund", "external")) == "fund" else "external",
    )
    answer.give(
        {
            "strike_ratio": solution.strike_ratio,
            "participation": solution.participation,
            "put_cost": solution.put_cost,
            "equity_weight": solution.equity_weight,
            "financing": solution.financing,
            "dividends": solution.dividends,
        }
    )
    answer.table(
        f"A floor of {floor:,g} on {value:,g} in {years:g} years",
        [("figure", "left"), ("value", "right"), ("meaning", "left")],
        [
            ["strike", percent(solution.strike_ratio), "of the index now"],
            ["participation", percent(solution.participation), "of the index's rise is kept at the horizon"],
            ["premium", percent(solution.put_cost), f"of the fund, paid {_payer(financing)}"],
            ["equity", percent(solution.equity_weight), "of the fund is in stock at the start"],
        ],
    )


def _payer(financing: str) -> str:
    return "out of it" if financing == "fund" else "from outside"
