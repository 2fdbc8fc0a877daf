"""The commands by name, and how an error becomes one sentence and an exit code."""

import sys

import typer

from insure.errors import InsureError
from schedules.cli import (
    approving,
    backtesting,
    contracts,
    controlling,
    exporting,
    funds,
    keeping,
    promoting,
    quotes,
    rebalancing,
    reconciling,
    reporting,
    service,
    signing,
    stressing,
    studying,
)
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
funds.fund_app.command("diff")(contracts.diff)
app.command("rebalance")(rebalancing.rebalance)
app.command("run")(service.run)
app.command("run-once")(service.run_once)
app.command("status")(service.status)
app.command("ack")(service.ack)
app.command("approve")(approving.approve)
app.command("reject")(approving.reject)
app.command("override")(approving.override)
app.add_typer(service.schedule_app, name="schedule")
app.command("kill")(controlling.kill)
app.command("halt")(controlling.halt)
app.command("lift")(controlling.lift)
app.add_typer(controlling.drill_app, name="drill")
controlling.drill_app.command("restore")(promoting.drill_restore)
app.command("backtest")(backtesting.backtest)
app.command("stress")(stressing.stress)
app.command("optimise")(studying.optimise)
app.add_typer(reporting.report_app, name="report")
app.command("sign")(signing.sign)
app.command("export")(exporting.export)
app.command("reconcile")(reconciling.reconcile)
app.command("promote")(promoting.promote)
app.command("verify")(keeping.verify)
app.command("backup")(keeping.backup)
app.command("restore")(keeping.restore)
app.command("doctor")(keeping.doctor)
app.command("flow")(keeping.flow)
app.add_typer(keeping.fills_app, name="fills")
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
