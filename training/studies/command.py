"""How a study is run by itself: its flags in, its table out, bad input told in one line."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence

from training.exit_status import exit_status


def run_study(
    study: str,
    description: str | None,
    add_flags: Callable[[ArgumentParser], None],
    run: Callable[[Namespace], None],
    arguments: Sequence[str] | None,
) -> int:
    """Parse the study's flags and run it; `study` is its file's name. Returns the exit status."""
    prog = f"python -m training.studies.{study}"
    parser = ArgumentParser(prog=prog, description=description, allow_abbrev=False)
    add_flags(parser)
    options = parser.parse_args(arguments)
    return exit_status(lambda: run(options))
