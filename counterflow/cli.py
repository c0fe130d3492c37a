"""The command line: a thin layer over the functions of the same names."""

import contextlib
import os
import sys
import warnings
from functools import partial
from typing import Annotated

import typer

from counterflow import __version__
from counterflow.heard import hearing

app = typer.Typer(
    name="counterflow",
    help="Clear an electricity market on a real grid, explain its prices, compare its runs.",
    epilog=(
        "Exit codes: 0 done; 1 the input or the command is wrong; 2 no clearing exists, or none "
        "was found within the limits; 3 a comparison or a check failed; 130 interrupted."
    ),
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_COMPLETE = "_COUNTERFLOW_COMPLETE"
"""Set by the shell when it asks for completions."""


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"counterflow {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    """Clear an electricity market on a real grid, explain its prices, compare its runs."""


def _register() -> None:
    from counterflow.commands import (
        auction,
        backcast,
        check,
        clear,
        compare,
        contracts,
        credit,
        doctor,
        evidence,
        explain,
        export,
        futures,
        import_case,
        index,
        init,
        mitigate,
        plot,
        recover,
        report,
        rights,
        screens,
        serve,
        settle,
        show,
        sql,
        study,
        tables,
        verify,
    )
    from counterflow.commands.many_values import FilesCommand

    app.command("init")(init.run)
    app.command("import", cls=FilesCommand)(import_case.run)
    app.command("check")(check.run)
    app.command("clear")(clear.run)
    app.command("show")(show.run)
    app.command("mitigate")(mitigate.run)
    app.command("screens")(screens.run)
    app.command("recover")(recover.run)
    app.command("auction")(auction.run)
    app.command("settle")(settle.run)
    app.command("explain")(explain.run)
    app.command("compare")(compare.run)
    app.command("export")(export.run)
    app.command("plot")(plot.run)
    app.command("report")(report.run)
    app.command("tables")(tables.run)
    app.command("evidence")(evidence.run)
    app.command("serve")(serve.run)
    app.command("verify")(verify.run)
    app.command("index")(index.run)
    app.command("study")(study.run)
    app.command("sql")(sql.run)
    app.command("backcast")(backcast.run)
    app.command("doctor")(doctor.run)
    app.add_typer(contracts.app, name="contracts")
    app.add_typer(credit.app, name="credit")
    app.add_typer(futures.app, name="futures")
    app.add_typer(rights.app, name="rights")


_register()


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code: the entry point ``counterflow``."""
    sys.exit(invoke(sys.argv[1:] if arguments is None else arguments))


def invoke(arguments: list[str]) -> int:
    """Run one command and return its exit code; user errors are messages, never tracebacks."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller: `counterflow ... >&-`
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
    as_json, strict = "--json" in arguments, "--strict" in arguments
    if not arguments and _COMPLETE not in os.environ:
        sys.stderr.write(_help())
        return 1
    with warnings.catch_warnings(), hearing():
        warnings.showwarning = partial(_show_warning, strict)
        try:
            code = app(arguments, prog_name="counterflow", standalone_mode=False)
            sys.stdout.flush()
        except BrokenPipeError:
            # The reader has gone (`counterflow ... | head`): nothing is left to say.
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115
            return 0
        except KeyboardInterrupt:
            return _interrupted()
        except typer.TyperException as error:
            return _usage_error(error.format_message(), as_json)
        except Exception as error:
            return _known_error(error, as_json)
    if code == 130:
        return _interrupted()
    return code if isinstance(code, int) else 0


def _help() -> str:
    """Give the text of ``--help``: what a bare ``counterflow`` prints, as a usage error."""
    command = typer.main.get_command(app)
    return command.get_help(command.context_class(command, info_name="counterflow")) + "\n"


def _interrupted() -> int:
    with contextlib.suppress(OSError):
        sys.stderr.write("interrupted\n")
    return 130


def _usage_error(message: str, as_json: bool) -> int:
    from cases.errors import InputError

    text = " ".join(message.split()).replace("Value error, ", "")
    return _known_error(InputError.one("", None, None, "usage", text), as_json)


def _known_error(error: Exception, as_json: bool) -> int:
    from cases.errors import CounterflowError, InputError
    from counterflow.console import error_document, print_error, print_json

    if isinstance(error, OSError):
        text = f"{error.strerror or error}" + (f": {error.filename}" if error.filename else "")
        error = InputError.one("", None, None, "file", text)
    if not isinstance(error, CounterflowError):
        raise error
    if as_json:
        print_json(error_document(error))
    else:
        print_error(error)
    return error.exit_code


def _show_warning(
    strict: bool, message: Warning | str, category: type[Warning], *rest: object
) -> None:
    """Show each warning about data once, in one line; leave the others out.

    A strict command ends with all of them as its errors, and shows none before.
    """
    from cases.errors import DataWarning
    from counterflow.heard import hear, line_of

    if not issubclass(category, DataWarning):
        return
    text = message.args[0] if isinstance(message, Warning) and message.args else str(message)
    if hear(text) and not strict:
        from counterflow.console import err

        err().print(line_of(text), style="yellow", markup=False)


if __name__ == "__main__":
    main()
