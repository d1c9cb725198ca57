"""The page docs/cohort.md, made of what was measured and of the tables of parameters.

`docs/cohort/*.csv` hold what `python -m training calibrate` measured; the page and its figures
follow from them alone, so a test can make them again.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from string import Template

import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.cohort.centres import CENTRES
from training.cohort.fitted import FITTED
from training.cohort.laboratories import LABORATORIES
from training.cohort.parameters import PHYSIOLOGY, POLICY, Parameter
from training.cohort.policies import POLICIES
from training.cohort.products import PRODUCTS
from training.cohort.studies import STUDIES, Study

TEMPLATE = Path(__file__).with_name("page.md")
MEASURED = ("matches", "by_grade", "by_day", "transport", "oracle")
"""The CSV files of what was measured."""
BY_CYTOKINES = ("cytokines", "lags")
"""Those that are there only where the series with daily cytokines was given."""


def write_page(measured: Path, docs: Path) -> list[Path]:
    """Write docs/cohort.md, its figures and copies of the CSV files in `measured`; their paths."""
    (docs / "cohort").mkdir(parents=True, exist_ok=True)
    there = [name for name in BY_CYTOKINES if (measured / f"{name}.csv").is_file()]
    names = [*MEASURED, *there]
    copies = [docs / "cohort" / f"{name}.csv" for name in names]
    for copy in copies:
        copy.write_bytes((measured / copy.name).read_bytes())
    tables = {name: pd.read_csv(measured / f"{name}.csv") for name in names}
    (docs / "cohort.md").write_text(page(tables), encoding="utf-8")
    figures: dict[str, Figure] = {
        "targets": targets_figure(tables["matches"]),
        "by_day": by_day_figure(tables["by_day"]),
    }
    if "cytokines" in tables:
        figures["cytokines"] = cytokines_figure(tables["cytokines"])
    drawn = [_save(figure, docs / "cohort" / f"{name}.svg") for name, figure in figures.items()]
    return [docs / "cohort.md", *copies, *drawn]


def page(tables: dict[str, pd.DataFrame]) -> str:
    """The page's text."""
    matches = tables["matches"]
    counts = matches["verdict"].value_counts()
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        targets=len(matches),
        inside=int(counts.get("inside", 0)),
        near=int(counts.get("near", 0)),
        outside=int(counts.get("outside", 0)),
        unfitted=int((~matches["fitted"]).sum()),
        unfitted_inside=int((~matches["fitted"] & (matches["verdict"] == "inside")).sum()),
        matches=_matches(matches),
        by_grade=_by_grade(tables["by_grade"]),
        transport=_table(("figure", "value"), tables["transport"].itertuples(index=False)),
        cytokines=_cytokines(tables),
        oracle=_table(tables["oracle"].columns, tables["oracle"].itertuples(index=False)),
        studies=_table(("study", "product", "days", "otherwise"), map(_study_row, STUDIES)),
        fitted=_fitted(),
        physiology=_table(_PARAMETER_HEAD, map(_parameter_row, PHYSIOLOGY)),
        policy=_table(_PARAMETER_HEAD, map(_parameter_row, POLICY)),
        policies=_table(("policy", "meaning"), ((row.key, row.meaning) for row in POLICIES)),
        products=_products(),
        laboratories=_laboratories(),
        centres=", ".join(f"`{row.key}`" for row in CENTRES),
    )


_PARAMETER_HEAD = ("name", "value", "unit", "spread", "source")


def _parameter_row(row: Parameter) -> tuple[object, ...]:
    return row.name, row.value, row.unit, row.spread or "", row.source


def _study_row(row: Study) -> tuple[object, ...]:
    said = ", ".join(f"{name} {value:g}" for name, value in (*row.policy, *row.body))
    shared = f"fit of {row.fit}" if row.fit else ""
    return (
        row.key, row.product, row.days,
        "; ".join(part for part in (shared, said) if part),
    )  # fmt: skip


def _table(head: Iterable[str], rows: Iterable[Sequence[object]]) -> str:
    names = list(head)
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    lines += [f"| {' | '.join(_cell(value) for value in row)} |" for row in rows]
    return "\n".join(lines)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:.4g}"
    return str(value)


def _matches(matches: pd.DataFrame) -> str:
    rows = (
        (row.key, row.study, row.figure, row.published, f"{row.low:.3g} to {row.high:.3g}",
         row.simulated, row.verdict if row.verdict == "inside" else f"**{row.verdict}**",
         "yes" if row.fitted else "no",
         f"{row.source} ({row.status})")
        for row in matches.itertuples()
    )  # fmt: skip
    head = (
        "", "study", "figure", "published", "interval", "simulated", "verdict", "fitted", "source",
    )  # fmt: skip
    return _table(head, rows)


def _quartiles(row: object, who: str) -> str:
    return " / ".join(f"{getattr(row, f'{who}_q{q}'):.3g}" for q in (1, 2, 3))


def _by_grade(quartiles: pd.DataFrame) -> str:
    rows = (
        (row.analyte, row.grade, row.real_n, _quartiles(row, "real"), _quartiles(row, "virtual"))
        for row in quartiles.itertuples()
    )
    return _table(("analyte", "grade that day", "real days", "real", "virtual"), rows)


NOT_GIVEN = "Not measured in this run: the series was not given (`--cytokines`)."


def _cytokines(tables: dict[str, pd.DataFrame]) -> str:
    """The figure and the table of lags, or a sentence where the series was not given."""
    if not set(BY_CYTOKINES) <= set(tables):
        return NOT_GIVEN
    rows = (
        (row.figure, row.real_n, _quartiles(row, "real"), _quartiles(row, "virtual"))
        for row in tables["lags"].itertuples()
    )
    lags = _table(("", "real patients", "real quartiles", "virtual quartiles"), rows)
    return f"{lags}\n\n![cytokines by day](cohort/cytokines.svg)"


def _fitted() -> str:
    rows = (
        (study, ", ".join(f"{name} {value:g}" for name, value in fields))
        for study, fields in FITTED.items()
    )
    return _table(("study", "fitted values"), rows)


def _products() -> str:
    rows = (
        (row.key, str(row.kind), ", ".join(key for key, _ in row.diseases), len(row.doses),
         row.study, row.source)
        for row in PRODUCTS
    )  # fmt: skip
    return _table(("product", "kind", "disease", "doses", "fitted to", "source"), rows)


def _laboratories() -> str:
    rows = (
        (row.key, row.unit, f"{row.lag.rise_h:g} / {row.lag.fall_h:g}",
         ", ".join(f"{name} {weight:g}" for name, weight in row.weights.items()) or "own turnover",
         row.spread, row.assay.noise)
        for row in LABORATORIES
    )  # fmt: skip
    return _table(("value", "unit", "rise / fall, h", "moved by", "spread", "assay CV"), rows)


def targets_figure(matches: pd.DataFrame) -> Figure:
    """Simulated against published, each in half-widths of its interval from the published value."""
    figure = Figure(figsize=(8, 0.16 * len(matches) + 1.2), layout="constrained")
    axes = figure.subplots()
    away = (matches["simulated"] - matches["published"]) / (
        0.5 * (matches["high"] - matches["low"])
    )
    colour = matches["verdict"].map({"inside": "#2b6ca3", "near": "#d08a1d", "outside": "#b3261e"})
    place = range(len(matches))
    axes.axvspan(-1, 1, color="#dfe9f3")
    axes.scatter(away.clip(-4, 4), place, c=colour, s=14, zorder=2)
    axes.set_yticks(place, matches["key"] + " " + matches["study"], fontsize=5)
    axes.invert_yaxis()
    axes.set_xlim(-4.2, 4.2)
    axes.set_xlabel("simulated minus published, in half-widths of the source's 95 % interval")
    return figure


def by_day_figure(by_day: pd.DataFrame) -> Figure:
    """Median and quartiles by day, real beside virtual, by the patient's worst grade."""
    analytes = list(dict.fromkeys(by_day["analyte"]))
    figure = Figure(figsize=(9, 1.9 * len(analytes)), layout="constrained")
    grid = figure.subplots(len(analytes), 2, squeeze=False, sharex=True)
    for line, analyte in zip(grid, analytes, strict=True):
        for axes, worst in zip(line, ("0-2", "3-4"), strict=True):
            _band(axes, by_day[(by_day["analyte"] == analyte) & (by_day["worst"] == worst)])
            axes.set_title(f"{analyte}, worst grade {worst}", fontsize=8)
    grid[0][0].legend(fontsize=7)
    return figure


def cytokines_figure(by_day: pd.DataFrame) -> Figure:
    """Median and quartiles by day from infusion or onset, real beside virtual, by worst grade."""
    shown = list(by_day.groupby(["key", "clock"], sort=False))
    figure = Figure(figsize=(9, 1.9 * len(shown)), layout="constrained")
    grid = figure.subplots(len(shown), 2, squeeze=False)
    for line, ((key, clock), rows) in zip(grid, shown, strict=True):
        for axes, worst in zip(line, ("0-2", "3-4"), strict=True):
            scale = "linear" if key == "cells" else "log"  # shares of a peak may be none
            _band(axes, rows[rows["worst"] == worst], least=4, scale=scale)
            axes.set_title(f"{key} by day from {clock}, worst grade {worst}", fontsize=8)
    grid[0][0].legend(fontsize=7)
    return figure


def _band(axes: Axes, rows: pd.DataFrame, least: int = 5, scale: str = "log") -> None:
    for who, colour in (("real", "#b3261e"), ("virtual", "#2b6ca3")):
        seen = rows[rows[f"{who}_n"] >= least]
        if seen.empty:
            continue  # an empty band has no logarithm
        day = seen["day"]
        axes.plot(day, seen[f"{who}_q2"], color=colour, label=who)
        axes.fill_between(day, seen[f"{who}_q1"], seen[f"{who}_q3"], color=colour, alpha=0.15)
    axes.set_yscale(scale)


def _save(figure: Figure, path: Path) -> Path:
    with rc_context({"svg.hashsalt": "cohort"}):
        figure.savefig(path, metadata={"Date": None})
    return path
