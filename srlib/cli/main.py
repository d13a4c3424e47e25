"""The `srlib` command: 0 done, 1 some of a batch failed, 2 bad input or usage (one line on standard error)."""

import sys
from collections.abc import Sequence

import click

from srlib.cli import course, data, group, measure, train, use  # noqa: F401 (importing a module adds its commands)
from srlib.errors import InputError


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit with its status."""
    sys.exit(status(arguments))


def status(arguments: Sequence[str] | None = None) -> int:
    """Run the command with a list of words (None: the process' own) and return its exit status."""
    try:
        group.command.main(arguments, prog_name="srlib", standalone_mode=False)
    except (group.SomeFailed, InputError) as error:
        click.echo(f"srlib: {group.one_line(error)}", err=True)
        return 1 if isinstance(error, group.SomeFailed) else 2
    except click.UsageError as error:
        where = f" (see {error.ctx.command_path} --help)" if error.ctx else ""
        click.echo(f"srlib: {group.one_line(error.format_message())}{where}", err=True)
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("srlib: interrupted", err=True)
        return 130
    return 0


if __name__ == "__main__":
    main()
