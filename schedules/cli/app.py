"""The commands by name, and how an error becomes one sentence and an exit code."""

import sys

import typer

from insure.errors import InsureError
from schedules.cli import funds, quotes, rebalancing, reporting
from schedules.cli.answer import Answer, wants_json

app = typer.Typer(
    name="insure",
    help="Runs protected funds: decides, records, proves and stress-tests portfolio insurance.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("demo")(funds.demo)
app.command("init")(funds.init)
app.add_typer(funds.fund_app, name="fund")
app.command("rebalance")(rebalancing.rebalance)
app.command("status")(rebalancing.status)
app.add_typer(reporting.report_app, name="report")
app.command("solve")(quotes.solve)
app.add_typer(quotes.price_app, name="price")


def main() -> None:
    """Run one command; an error of the product is one sentence on stderr (or one JSON object) and its exit code."""
    try:
        app(prog_name="insure")
    except InsureError as error:
        if wants_json(sys.argv):
            Answer(as_json=True).give({"error": str(error), "exit_code": error.exit_code})
        else:
            typer.echo(f"insure: {error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("insure: stopped; nothing was left half-written.", err=True)
        sys.exit(130)
