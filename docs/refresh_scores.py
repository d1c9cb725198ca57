"""Writes docs/scores.md afresh from the declared scores, baselines and panels.

.venv/bin/python docs/refresh_scores.py
"""

import sys
from collections.abc import Iterable, Sequence
from math import inf
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from features.panels import MEASURED, PANEL
from features.scores import SCORES, Score
from features.scores.score import Checked
from models.baselines import FOUR_SIGNS, PUBLISHED
from models.crp_meanings import FOLDS, RISES
from models.rules import CRP_FRESH_HOURS, CRP_LIMIT, CRP_RULE_SOURCE, RAPID

PAGE = ROOT / "docs/scores.md"


def main() -> int:
    """Write the page; returns the exit status."""
    PAGE.write_text(page(), "utf-8")
    return 0


def page() -> str:
    """The page as text."""
    return "\n\n".join([*_scores(), *_baselines(), *_panels()]) + "\n"


def _scores() -> Iterable[str]:
    yield (
        "# Scores, baselines and panels\n\n"
        "Written by `docs/refresh_scores.py` from the declarations in `features/scores`, "
        "`models/baselines.py` and `features/panels.py`; a test keeps it current."
    )
    yield (
        "## Scores\n\n"
        "A score is a column over time: its items are the latest known values unless the column "
        'says otherwise. "Whole" scores need every item; "partial" ones count an item that was not '
        "measured as normal. Models see the partial scores, the age and the shock index; the "
        "others stand in feature rows and serve as baselines.\n\n"
        "`checked` says how formula and limits were compared with the publication: "
        f"*{Checked.PRIMARY}*, *{Checked.SECONDARY}*, or **{Checked.UNVERIFIED}**."
    )
    heads = (
        "Column",
        "What it is",
        "Items",
        "Unit",
        "Range",
        "A missing item",
        "Source",
        "Checked",
    )
    yield _table(heads, [_score_cells(score) for score in SCORES])
    yield (
        "What to know before using them:\n\n"
        "- `easix.log2` and its relatives take the latest value of each item, however old; the "
        "`fresh_` columns are missing where an item is older than a week.\n"
        "- Scores at the start of the course take the last values up to the first dose (or "
        "admission). EASIX-F, EASIX-FC, CAR-HEMATOTOX and Korell's EASIX were published for values "
        "before lymphodepletion: under CAR-T cells they hold only where no count was taken between "
        "lymphodepletion and the infusion, for no record says when that was.\n"
        "- How EASIX-F and EASIX-FC form three risk groups of their criteria could not be checked; "
        "the columns count the criteria that are met.\n"
        "- HScore has nine items. Immunosuppression (18), organomegaly (23 or 38) and "
        "haemophagocytosis (35) are in no routine record; the columns reach 246 of 337 points, so "
        "its cut-off of 169 does not carry over.\n"
        "- NEWS2 is not for children: the whole columns are missing below 16 years, the partial "
        "ones are not. The second scale of saturation is for a prescribed target of 88 to 92 % "
        "alone, which no record says.\n"
        "- SOFA of circulation counts pressure alone: vasopressors come with doses of several "
        "units."
    )


def _score_cells(score: Score) -> tuple[str, ...]:
    items = dict.fromkeys(column.name for column in score.inputs)
    doi = f" [doi](https://doi.org/{score.doi})" if score.doi else ""
    checked = f"**{score.checked}**" if score.checked is Checked.UNVERIFIED else score.checked
    return (
        f"`{score.name}`",
        score.meaning,
        ", ".join(f"`{item}`" for item in items),
        score.unit,
        f"{_limit(score.low)} to {_limit(score.high)}",
        score.if_missing,
        score.source + doi,
        checked,
    )


def _limit(value: float) -> str:
    return "no limit" if abs(value) == inf else f"{value:g}"


def _baselines() -> Iterable[str]:
    yield (
        "## Published scores and rules as baselines\n\n"
        "Every baseline has the interface of the models: `fit`, `risk`, `state`, `restore`. A "
        "score's risk is refitted on the training rows and may move only the way that was "
        "published; a score that no row holds is left out of the run. Beside these stand "
        "persistence, today's grade, CRP alone, the EASIX pair and the last-value logistic "
        "regression."
    )
    heads = ("Baseline", "Column", "Outcome", "Higher means", "Published for")
    yield _table(
        heads,
        [
            (
                f"`{row.name}`",
                f"`{row.column}`",
                ", ".join(row.outcomes),
                "more risk" if row.rises else "less risk",
                row.source,
            )
            for row in PUBLISHED
        ],
    )
    yield (
        f"`four_signs` fits {', '.join(f'`{name}`' for name in FOUR_SIGNS)} anew, the strongest "
        "items of Yu 2025 (doi 10.3389/fimmu.2025.1692892). Not here, because limits or weights "
        "could not be read or an item is in no routine record: the decision tree of Wei 2023 (doi "
        "10.3389/fimmu.2023.1273507), PrCRS 2024 (doi 10.1186/s12859-024-05804-8), and models of "
        "cytokines that wards do not measure."
    )
    folds, rises = (", ".join(f"{one:g}" for one in some if one < inf) for some in (FOLDS, RISES))
    yield (
        f"**The CRP rule** ({CRP_RULE_SOURCE}) fires above {CRP_LIMIT:g} mg/L with a rapid rise "
        f'in 24 hours, read from a CRP of the last {CRP_FRESH_HOURS:g} hours. "Rapid" carries no '
        f"number in the publication: here it is at least {RAPID.fold:g} times, or at least "
        f"{RAPID.rise:g} mg/L more than, the lowest of 36 hours. "
        "`models.crp_meanings.by_meaning_of_rapid` counts alarms, sensitivity and precision under "
        f"{folds} times and {rises} mg/L, each with each and alone."
    )


def _panels() -> Iterable[str]:
    yield (
        "## Panels\n\n"
        "What a hospital measures. `features.panels.only(events, panel)` takes the other "
        "measurements away, and the same code answers with what is left; "
        "`training.judging.panels.cost_of_missing` judges what that costs on the same patients, "
        "folds and resamples. Doses, grades, cultures, facts of the patient and scores asked at "
        "the bedside belong to every panel."
    )
    yield _table(
        ("Panel", "What it is", "Measurements", "It lacks"),
        [
            (panel.name, panel.meaning, str(len(panel.keys)), _lacking(panel.keys))
            for panel in PANEL.values()
        ],
    )
    minimal = ", ".join(f"`{key}`" for key in sorted(PANEL["minimal"].keys))
    yield f"The minimal panel: {minimal}."


def _lacking(keys: frozenset[str]) -> str:
    gone = sorted(MEASURED - keys)
    if len(gone) > len(keys):
        return "all else"
    return ", ".join(f"`{key}`" for key in gone) or "nothing"


def _table(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rows = [heads, ["---"] * len(heads), *lines]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


if __name__ == "__main__":
    raise SystemExit(main())
