"""Write the pages made from the code: one for every command, and the Python reference.

A command's page is its own help (usage, arguments, options with their defaults) below examples
that are tried in the tests; the reference is the docstrings of what `counterflow` exports.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import typer

import counterflow
from counterflow.cli import app
from docs.command_examples import EXAMPLES

__all__ = ["COMMAND_PAGES", "command_names", "command_page", "reference_page"]

GENERATED = "<!-- Written by docs/build_tables.py from the code; do not edit. -->"
_INTRO = """
Every command takes `--help`, and `--json` where it has a result to give: one document on standard
output and nothing else. Progress, warnings and errors go to standard error. `counterflow
--install-completion` completes commands and options in your shell.

Exit codes: `0` done; `1` the input or the command is wrong; `2` no clearing exists, or none was
found within the limits; `3` a comparison or a check failed; `130` interrupted.
""".strip()
_REFERENCE = """
What `import counterflow as cf` gives. Every table of a [case or a run](tables.md) is an attribute
named as the table; results print as sentences and show as HTML in a notebook.
""".strip()


@cache
def _root() -> Any:
    return typer.main.get_command(app)


def command_names() -> list[str]:
    """Every command with its subcommands, such as ``futures lots``."""
    return list(_walk(_root(), ""))


def _walk(command: Any, prefix: str) -> Iterator[str]:
    for name, child in command.commands.items():
        full = f"{prefix}{name}"
        if hasattr(child, "commands"):
            yield from _walk(child, f"{full} ")
        else:
            yield full


def _command(name: str) -> Any:
    command = _root()
    for part in name.split():
        command = command.commands[part]
    return command


def command_page(name: str) -> str:
    """One page: what the command does, examples, its arguments and options."""
    command = _command(name)
    about = inspect.cleandoc(command.help or "").split("\f")[0].strip()
    usage = f"counterflow {name} {' '.join(_usage(command))}".strip()
    parts = [GENERATED, f"# counterflow {name}", about, "## Usage", f"```\n{usage}\n```"]
    if name in EXAMPLES:
        parts += ["## Example", f"```console\n{EXAMPLES[name].strip()}\n```"]
    context = command.context_class(command, info_name=f"counterflow {name}")
    for title, kind in (("Arguments", "argument"), ("Options", "option")):
        own = [p for p in command.params if p.param_type_name == kind]
        records = [record for p in own if (record := p.get_help_record(context)) is not None]
        if records:
            rows = "\n".join(f"| `{_code(flags)}` | {_cell(told)} |" for flags, told in records)
            parts += [f"## {title}", f"| {kind} | meaning |\n| --- | --- |\n{rows}"]
    return "\n\n".join(parts) + "\n"


def _usage(command: Any) -> Iterator[str]:
    if any(p.param_type_name == "option" for p in command.params):
        yield "[OPTIONS]"
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            name = parameter.metavar or parameter.name.upper()
            many = "..." if parameter.nargs == -1 and not name.endswith("...") else ""
            yield f"{name}{many}" if parameter.required else f"[{name}{many}]"


def _code(text: str) -> str:
    return re.sub(r" <[a-z]+>$", "", text).replace("|", "&#124;")


def _cell(text: str) -> str:
    return text.replace("|", "&#124;").replace("<", "&lt;")


def commands_page() -> str:
    """The list of all commands, with a link to each page."""
    rows = "\n".join(
        f"| [`{name}`](commands/{_file(name)}) | {_cell(_short(name))} |"
        for name in command_names()
    )
    table = f"| command | does |\n| --- | --- |\n{rows}"
    return "\n\n".join([GENERATED, "# Commands", _INTRO, table]) + "\n"


def _short(name: str) -> str:
    text = inspect.cleandoc(_command(name).help or "").split("\n\n")[0]
    return " ".join(text.split())


def _file(name: str) -> str:
    return f"{name.replace(' ', '-')}.md"


def reference_page() -> str:
    """Every public name with its signature and docstring."""
    parts = [GENERATED, "# Python reference", _REFERENCE]
    kinds: dict[str, list[str]] = {"Functions": [], "Classes": [], "Errors": []}
    for name in sorted(counterflow.__all__):
        found = getattr(counterflow, name)
        if inspect.ismodule(found) or isinstance(found, str):
            continue
        if inspect.isclass(found):
            kind = "Errors" if issubclass(found, BaseException) else "Classes"
            kinds[kind].append(_entry(name, found, ""))
        else:
            kinds["Functions"].append(_entry(name, found, _signature(found)))
    for title, entries in kinds.items():
        parts += [f"## {title}", *entries]
    return "\n\n".join(parts) + "\n"


def _signature(function: Any) -> str:
    """Parameters with their types, one a line where they are many."""
    signature = inspect.signature(function)
    told = [str(p).replace("typing.", "") for p in signature.parameters.values()]
    only = [p for p in signature.parameters.values() if p.kind is p.KEYWORD_ONLY]
    if only:
        told.insert(len(told) - len(only), "*")
    line = f"({', '.join(told)})"
    return line if len(line) < 80 else "(\n    " + ",\n    ".join(told) + ",\n)"


def _entry(name: str, found: Any, signature: str) -> str:
    text = inspect.getdoc(found) or ""
    parts = [f"### {name}"]
    if signature:
        parts.append(f"```text\ncf.{name}{signature}\n```")
    parts.append(_numpy(text))
    if inspect.isclass(found) and not issubclass(found, BaseException):
        parts += list(_methods(found))
    return "\n\n".join(part for part in parts if part)


def _methods(found: type) -> Iterator[str]:
    """Public methods and properties in a table."""
    rows = []
    for name, member in vars(found).items():
        if name.startswith("_"):
            continue
        inner = getattr(
            member, "__func__", getattr(member, "fget", getattr(member, "func", member))
        )
        text = inspect.getdoc(inner) if callable(inner) else None
        if callable(inner) and text:
            call = f"{name}{_inline(inner)}" if inspect.isfunction(member) else name
            rows.append(
                f"| `{_cell(call)}` | {_cell(' '.join(text.split(chr(10) * 2)[0].split()))} |"
            )
    if rows:
        yield "\n".join(["| member | meaning |", "| --- | --- |", *rows])


def _inline(function: Any) -> str:
    names = [n for n in inspect.signature(function).parameters if n != "self"]
    return f"({', '.join(names)})"


def _numpy(text: str) -> str:
    """A numpy docstring as Markdown: headings in bold, entries as lists, roles as code."""
    text = re.sub(r":(?:func|class|meth):`([^`]+)`", r"`\1`", text)
    lines, out, index = text.splitlines(), [], 0
    inside = False
    while index < len(lines):
        line = lines[index]
        below = lines[index + 1] if index + 1 < len(lines) else ""
        if re.fullmatch(r"-{3,}", below.strip()) and line.strip():
            out += ["", f"**{line.strip()}**", ""]
            inside, index = line.strip() in ("Parameters", "Raises", "Returns"), index + 2
            continue
        if inside and line and not line.startswith(" "):
            out.append(f"- `{line.strip()}`")
        elif inside and line.strip():
            out.append(f"  {line.strip()}")
        elif line.startswith("    ") and not inside:
            out.append(line)
        else:
            out.append(_cell(line) if not line.startswith("    ") else line)
        index += 1
    return "\n".join(out).strip()


COMMAND_PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands_page,
    "reference.md": reference_page,
    **{f"commands/{_file(name)}": partial(command_page, name) for name in command_names()},
}
"""Generated pages by file."""
