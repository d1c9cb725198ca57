"""A verb of the command line: its name, what it does, its flags, and the work."""

from __future__ import annotations

from argparse import (
    Action,
    ArgumentDefaultsHelpFormatter,
    ArgumentParser,
    Namespace,
    _SubParsersAction,
)
from collections.abc import Callable
from dataclasses import dataclass


class _Help(ArgumentDefaultsHelpFormatter):
    """Tells a flag's default once: not where its words do already, nor where there is none."""

    def _get_help_string(self, action: Action) -> str | None:
        none = action.default in (None, "") or isinstance(action.default, bool)
        if none or "default" in (action.help or ""):
            return action.help
        return super()._get_help_string(action)


@dataclass(frozen=True)
class Verb:
    """One verb of `python -m training`; `example` are flags that work."""

    name: str
    what: str
    example: str
    add_flags: Callable[[ArgumentParser], None]
    run: Callable[[Namespace], None]

    def add_to(self, verbs: _SubParsersAction[ArgumentParser]) -> None:
        """Let the command line know of it."""
        parser = verbs.add_parser(
            self.name,
            help=self.what,
            description=self.what,
            epilog=f"example: python -m training {self.name} {self.example}",
            formatter_class=_Help,
            allow_abbrev=False,  # one flag may be the beginning of another
        )
        self.add_flags(parser)
        parser.set_defaults(run=self.run)
