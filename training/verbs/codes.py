"""The verb `codes`: what a records table may say, as the catalogue knows it."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import astuple, dataclass

from features.catalogue import ANALYTES, BLOOD_PRESSURE, DRUGS, STATES, StateKind, codes_of
from features.catalogue.kinds import Analyte, Drug, State
from features.tables import InvalidInputError
from training.verbs.verb import Verb


@dataclass(frozen=True)
class CodeLine:
    """One line of the table: a key and how its records may be written."""

    key: str
    name: str
    unit: str
    accepted: str
    codes: str


TITLES = CodeLine("key", "name", "unit", "also accepted", "codes")
WIDEST = 44  # characters of a column; a longer cell pushes the rest of its line to the right


def code_lines(word: str = "") -> list[CodeLine]:
    """The catalogue's keys in order; with a word, those whose line holds it in any case.

    >>> code_lines("teclis")[0].codes
    'ATC//L01FX24'
    """
    lines = [*_analytes(), *_drugs(), *_states()]
    return [line for line in lines if word.lower() in " ".join(astuple(line)).lower()]


def as_table(lines: list[CodeLine]) -> Iterator[str]:
    """The lines in columns that stand below their titles."""
    cells = [astuple(line) for line in (TITLES, *lines)]
    widths = [min(max(map(len, column)), WIDEST) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(padded).rstrip()


def _codes(key: str) -> str:
    return ", ".join(code for code in codes_of(key) if code != key)


def _analytes() -> Iterator[CodeLine]:
    for row in ANALYTES.values():
        yield CodeLine(row.key, row.name, row.unit, _units(row), _codes(row.key))
    text = 'a text such as "120/80"'
    yield CodeLine(BLOOD_PRESSURE, "Blood pressure", "mm[Hg]", text, _codes(BLOOD_PRESSURE))


def _units(analyte: Analyte) -> str:
    """The other units, and what a number without one is taken for."""
    assumed = [f"no unit: {a.unit} from {a.low:g} to {a.high:g}" for a in analyte.assumed_units]
    return ", ".join([*analyte.conversions, *assumed])


def _drugs() -> Iterator[CodeLine]:
    for row in DRUGS.values():
        yield CodeLine(row.key, row.name, "dose as given", _doses(row), _codes(row.key))


def _doses(drug: Drug) -> str:
    ended = "stopped" if drug.is_infusion else "not given"
    return f"any unit of measure, vials; given, {ended}"


def _states() -> Iterator[CodeLine]:
    for row in STATES.values():
        yield CodeLine(row.key, row.name, _state_unit(row), _state_texts(row), _codes(row.key))


def _state_unit(state: State) -> str:
    return state.unit if state.kind in (StateKind.NUMBER, StateKind.GRADE) else ""


def _state_texts(state: State) -> str:
    match state.kind:
        case StateKind.MOMENT:
            return "its time alone"
        case StateKind.WORD:
            return ", ".join(state.words)
        case StateKind.CULTURE:
            return "an organism's name, positive, no growth, pending"
        case StateKind.NAME:
            return "any name"
        case StateKind.GRADE:
            return f'{state.low:g} to {state.high:g}, "Grade 3", "III", none'
        case StateKind.NUMBER:
            return ", ".join([*state.conversions, f"{state.low:g} to {state.high:g}"])


def add_flags(parser: ArgumentParser) -> None:
    """Of `codes`."""
    parser.add_argument("word", nargs="?", default="", help="only lines that hold this")


def run_codes(options: Namespace) -> None:
    """Print the catalogue's keys, codes and units."""
    lines = code_lines(options.word)
    if not lines:
        raise InvalidInputError(f"{options.word!r}: no key, name, code or unit holds it")
    for line in as_table(lines):
        print(line)


CODES = Verb(
    "codes",
    "print the keys, codes and units that a records table may use",
    "ferritin",
    add_flags,
    run_codes,
)
