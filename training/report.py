"""Writes one HTML page about how good a model is: plain words first, no network, no scripts."""

import io
import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from matplotlib.figure import Figure

from features.catalogue.naming import name_of
from features.outcomes import DEFINITIONS
from models.bundle import Bundle
from training.metrics import FIRST_BASELINE, MAIN_MODEL, METRICS, Metric
from training.plots import GRID, INK, MODEL, MUTED, PAPER
from training.wording import (
    in_order,
    outcome_name,
    outcome_title,
    outcomes_in_order,
    scorer_title,
    stratum_title,
)

TEMPLATE = "report.html.jinja"
PIXELS_AN_INCH = 94  # the widest figures (9.2 inches) fill the page's column
INKS = {
    INK: "var(--ink)", MUTED: "var(--muted)", GRID: "var(--grid)", PAPER: "var(--paper)",
    MODEL: "var(--model)",
}  # fmt: skip
"""Inks of the figures and what the page calls them, so that they follow its light or dark."""

CAPTIONS = {
    "comparison": "Dots are estimates, lines 95 % intervals over resampled patients.",
    "by_grade": "Judged among rows of the same grade today, so that knowing the grade gives no "
    "advantage: what is left is what the model adds. Hollow dots: too few patients with an event "
    "for an interval.",
    "discrimination": "Left: the higher the line, the more events are caught for the same false "
    "alarms. Right: how many alarms are right. The dotted line is guessing.",
    "calibration": "On the dotted line, foretold and observed risks agree. Below: how many rows "
    "have each risk (logarithmic).",
    "decision": "At each threshold, a higher line means more benefit. A model is worth using only "
    "where it lies above the other lines.",
    "importance": "Contributions of all features of an analyte, added up; mean over rows.",
    "contributions": "One dot a row. Contributions show what the model used, not what causes what.",
    "patient": "Risks come from members that had not seen this virtual patient; the shaded band is "
    "their spread over the repeats.",
}
"""What to look at, by the figure's kind; also the order of the figures."""

COUNTS = {
    "patients": "patients",
    "patients_with_event": "patients with an event in the horizon",
    "rows": "rows judged (at risk, horizon observed)",
    "events": "of them before an event",
    "censored": "rows left out: horizon not observed",
    "not_at_risk": "rows left out: not at risk (already in the outcome)",
}

FATES = {
    "event": "as-of rows before an event",
    "no_event": "as-of rows without an event in the horizon",
    "censored": "as-of rows left out: horizon not observed",
    "not_at_risk": "as-of rows left out: not at risk (already in the outcome)",
}
"""What became of every as-of row of the cohort, where the evaluation says it."""

REJECTS = {
    "unknown_code": "code that no analyte, drug or procedure has",
    "unknown_unit": "unit without a conversion",
    "ambiguous_unit": "no unit, and several are usual",
    "not_a_number": "text where a number is needed",
    "implausible": "outside the plausible range",
    "no_value": "neither number nor text",
    "no_time": "measurement without a time",
    "no_patient": "no patient",
    "duplicate": "the same once more",
    "conflict": "another value at the same time",
    "result_before_collection": "result before collection",
    "filled_constant": "filled in by the file's authors, not measured",
}

RANKING = tuple(metric for metric in METRICS if not metric.probability)
PROBABILITY = tuple(metric for metric in METRICS if metric.probability)


def report_context(bundle: Bundle, settings: object, validation: str) -> dict[str, Any]:
    """What the report says beside figures: about the bundle, the run's `settings` (a dataclass or
    mapping), and how the rows were kept apart from the training (`validation`, a sentence)."""
    if is_dataclass(settings) and not isinstance(settings, type):
        settings = asdict(settings)
    features = {
        str(outcome): dict(Counter(name.partition(".")[0] for name in model.risk.names))
        for outcome, model in bundle.models.items()
    }
    return {
        "learnt_from": bundle.card.learnt_from,
        "virtual": bundle.card.virtual,
        "model_version": bundle.version,
        "horizon_hours": bundle.horizon_hours,
        "every_hours": bundle.card.every_hours,
        "validation": validation,
        "features": features,
        "settings": dict(settings) if isinstance(settings, Mapping) else {},
        "libraries": dict(bundle.card.libraries),
        "code_version": bundle.card.code_version,
        "data_digest": bundle.card.data_digest,
        "seed": bundle.card.seed,
    }


def write_report(
    evaluation: Mapping[str, Any],
    figures: Mapping[str, Figure],
    context: Mapping[str, Any],
    out: Path,
) -> Path:
    """Write report.html and metrics.json into the folder `out`; returns the page's path.

    `figures` are named `<outcome>_<kind>`; `context` is what `report_context` gives (`learnt_from`
    and `virtual` are needed, the rest may be absent). `evaluation` may carry `rejects` (count by
    reason) and `notes` (sentences of the reader).
    """
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(evaluation, indent=1, ensure_ascii=False, allow_nan=False)
    (out / "metrics.json").write_text(text + "\n", encoding="utf-8")
    page = out / "report.html"
    page.write_text(render(evaluation, figures, context), encoding="utf-8")
    return page


def render(
    evaluation: Mapping[str, Any], figures: Mapping[str, Figure], context: Mapping[str, Any]
) -> str:
    """The page as text."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    sections = [
        _outcome_section(
            outcome,
            evaluation["outcomes"][outcome],
            figures,
            context,
            (evaluation.get("fates") or {}).get(outcome) or {},
        )
        for outcome in outcomes_in_order(list(evaluation["outcomes"]))
    ]
    return environment.get_template(TEMPLATE).render(
        context=context,
        sections=sections,
        resampling=evaluation["resampling"],
        budget=evaluation["alarm_budget_per_patient_day"],
        metrics=METRICS,
        rejects=_rejects(evaluation.get("rejects") or {}),
        notes=list(evaluation.get("notes") or ()),
        about=_about(context),
    )


def svg(figure: Figure, label: str) -> Markup:
    """A figure as inline SVG in the page's own inks, the same bytes for the same figure."""
    buffer = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": label}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, dpi=130)
    text = buffer.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r'(<svg[^>]*?) width="[\d.]+pt" height="[\d.]+pt"|(<svg[^>]*?) height="[\d.]+pt"',
                  lambda found: found[1] or found[2], text, count=1)  # fmt: skip
    text = re.sub(r' width="[\d.]+pt"', "", text, count=1)
    for ink, variable in INKS.items():
        text = text.replace(ink, variable)
    width = round(figure.get_figwidth() * PIXELS_AN_INCH)
    named = text.replace(
        "<svg", f'<svg role="img" aria-label="{escape(label)}" style="max-width:{width}px"', 1
    )
    return Markup(named)  # noqa: S704 - drawn here, and matplotlib escapes what it writes


# One outcome ----------------------------------------------------------------------------------


def _outcome_section(
    outcome: str,
    judged: Mapping[str, Any],
    figures: Mapping[str, Figure],
    context: Mapping[str, Any],
    fates: Mapping[str, int],
) -> dict[str, Any]:
    models = in_order(list(judged["models"]))
    of_models = {name: judged["models"][name]["metrics"] for name in models}
    gaps = {name: judged["differences"][name] for name in models if name in judged["differences"]}
    definition = next((d for o, d in DEFINITIONS.items() if str(o) == outcome), None)
    return {
        "id": outcome,
        "title": outcome_title(outcome),
        "definition": definition,
        "sentences": plain_sentences(outcome, judged),
        "cards": _cards(judged),
        "counts": _counted(judged["counts"], fates),
        "figures": _figures_of(outcome, figures),
        "tables": [
            _table("Telling apart and alarms", RANKING, of_models),
            _table("Probabilities", PROBABILITY, of_models),
            _table("Model minus each other scorer", METRICS, gaps, signed=True),
        ],
        "rules": _rules(judged, models),
        "strata": [
            _stratum_table(stratum, parts)
            for stratum, parts in (judged.get("strata") or {}).items()
        ],
        "unscored": [
            (scorer_title(m), judged["models"][m]["unscored"])
            for m in models if judged["models"][m].get("unscored")
        ],
        "features": [
            (name_of(key), count)
            for key, count in (context.get("features") or {}).get(outcome, {}).items()
        ],
    }  # fmt: skip


def _counted(counts: Mapping[str, int], fates: Mapping[str, int]) -> list[tuple[str, int]]:
    """Who was judged; the rows left out come from the cohort's fates where these are known."""
    if not fates:
        return [(words, counts[key]) for key, words in COUNTS.items()]
    judged = [(words, counts[key]) for key, words in COUNTS.items() if key not in FATES]
    return judged + [(words, fates.get(key, 0)) for key, words in FATES.items()]


def plain_sentences(outcome: str, judged: Mapping[str, Any]) -> list[str]:
    """What the figures say, without jargon; nothing is said that was not computed."""
    main = judged["models"].get(MAIN_MODEL)
    if main is None:
        return ["The model itself was not among the scorers."]
    figures = main["metrics"]
    if figures["auroc"]["value"] is None:
        return [f"Nothing can be said about {outcome_name(outcome)}: {figures['auroc']['reason']}."]
    said = [
        (
            f"Shown two rows, one of them before {outcome_name(outcome)}, the model gives that one "
            f"the higher risk {_per_cent(figures['auroc'])} of the time."
        )
    ]
    if FIRST_BASELINE in judged["differences"]:
        said.append(_against_persistence(judged))
    said += _alarm_sentences(figures)
    said += _calibration_sentences(outcome, judged["counts"], figures)
    said += _stratum_sentences(judged)
    return said


def _against_persistence(judged: Mapping[str, Any]) -> str:
    """Whether the model beats knowing today's grade, by the paired interval of AUROC."""
    gaps = judged["differences"][FIRST_BASELINE]
    baseline = judged["models"][FIRST_BASELINE]["metrics"]
    gap = gaps["auroc"]
    if gap["value"] is None:
        return "It could not be compared with knowing today's grade alone."
    shown = f"AUROC {_number(gap['value'], signed=True)}{_interval(gap, signed=True)}"
    known = f"Knowing today's grade alone reaches {_number(baseline['auroc']['value'])}."
    return f"{known} The model's difference to it: {shown}: {_judgement(gap)}."


def _judgement(gap: Mapping[str, Any]) -> str:
    if gap["low"] is None:
        return "too few patients with an event to tell whether it is real"
    if gap["low"] > 0:
        return "better, beyond what chance explains"
    if gap["high"] < 0:
        return "worse, beyond what chance explains"
    return "no difference can be told from chance"


def _alarm_sentences(figures: Mapping[str, Any]) -> list[str]:
    caught, right = figures["sensitivity_at_budget"], figures["ppv_at_budget"]
    if caught["value"] is None or right["value"] is None:
        return []
    return [
        (
            f"If one patient-day in ten may raise an alarm, it catches {_per_cent(caught)} of the "
            f"rows before an event, and {_per_cent(right)} of the alarms are right."
        )
    ]


def _calibration_sentences(
    outcome: str, counts: Mapping[str, int], figures: Mapping[str, Any]
) -> list[str]:
    ratio = figures["observed_to_expected"]
    if ratio["value"] is None:
        return [f"Its calibration could not be judged: {ratio['reason']}."]
    expected = counts["events"] / ratio["value"]
    slope = figures["calibration_slope"]
    said = f"It foretold {expected:,.0f} rows before {outcome_name(outcome)}; "
    said += f"{counts['events']:,} came"
    if slope["value"] is not None:
        said += f" (calibration slope {_number(slope['value'])}{_interval(slope)}, ideal 1)"
    return [said + "."]


def _stratum_sentences(judged: Mapping[str, Any]) -> list[str]:
    said = []
    for value, part in ((judged.get("strata") or {}).get("grade") or {}).items():
        if MAIN_MODEL not in part["models"]:
            continue
        figure = part["models"][MAIN_MODEL]["metrics"]["auroc"]
        counts = part["counts"]
        words = (
            f"not defined ({figure['reason']})"
            if figure["value"] is None
            else f"AUROC {_number(figure['value'])}{_interval(figure)}"
        )
        said.append(
            f"{stratum_title('grade', value)}: {words}; {counts['events']:,} of "
            f"{counts['rows']:,} rows before an event."
        )
    return said


def _cards(judged: Mapping[str, Any]) -> list[dict[str, str]]:
    """Four figures at the top: the model's, with persistence's below."""
    cards = []
    for name in ("auroc", "auprc", "sensitivity_at_budget", "observed_to_expected"):
        metric = next(each for each in METRICS if each.name == name)
        ours = _cell(_figure_of(judged, MAIN_MODEL, name))
        theirs = _cell(_figure_of(judged, FIRST_BASELINE, name))
        cards.append({"title": metric.title, "value": ours["value"], "interval": ours["interval"],
                      "baseline": theirs["value"], "meaning": metric.meaning})  # fmt: skip
    return cards


def _figure_of(judged: Mapping[str, Any], model: str, name: str) -> Mapping[str, Any] | None:
    answer = judged["models"].get(model)
    return None if answer is None else answer["metrics"][name]


def _figures_of(outcome: str, figures: Mapping[str, Figure]) -> list[dict[str, Any]]:
    prefix = f"{outcome}_"
    kinds = [name.removeprefix(prefix) for name in figures if name.startswith(prefix)]
    known = [kind for kind in CAPTIONS if kind in kinds]
    return [
        {
            "kind": kind,
            "caption": CAPTIONS.get(kind, ""),
            "svg": svg(
                figures[prefix + kind], f"{outcome_title(outcome)}: {kind.replace('_', ' ')}"
            ),
        }
        for kind in known + sorted(set(kinds) - set(known))
    ]


def _table(
    title: str, metrics: tuple[Metric, ...], lines: Mapping[str, Any], signed: bool = False
) -> dict[str, Any]:
    """Scorers by metrics; reasons for gaps stand below as numbered notes."""
    notes: list[str] = []
    shown = []
    for scorer, figures in lines.items():
        cells = []
        for metric in metrics:
            cell = _cell(figures[metric.name], signed)
            if cell["reason"]:
                if cell["reason"] not in notes:
                    notes.append(cell["reason"])
                cell["note"] = str(notes.index(cell["reason"]) + 1)
            cells.append(cell)
        shown.append({"title": scorer_title(scorer), "main": scorer == MAIN_MODEL, "cells": cells})
    return {"title": title, "metrics": metrics, "lines": shown, "notes": notes}


def _stratum_table(stratum: str, parts: Mapping[str, Any]) -> dict[str, Any]:
    names = ("auroc", "auprc", "sensitivity_at_budget")
    metrics = tuple(metric for metric in METRICS if metric.name in names)
    groups = [
        {
            "title": stratum_title(stratum, value),
            "rows": part["counts"]["rows"],
            "events": part["counts"]["events"],
            "patients": part["counts"]["patients_with_event"],
            "table": _table(
                "",
                metrics,
                {name: part["models"][name]["metrics"] for name in in_order(list(part["models"]))},
            ),
        }
        for value, part in parts.items()
    ]
    return {"title": "today's grade" if stratum == "grade" else stratum, "groups": groups}


def _rules(judged: Mapping[str, Any], models: list[str]) -> list[dict[str, str]]:
    """Rules that say yes or no, as they stand."""
    return [
        {
            "title": scorer_title(name),
            **{key: _plain(judged["models"][name]["as_rule"][key]) for key in
               ("sensitivity", "ppv", "alarms_per_patient_day")},
        }
        for name in models
        if "as_rule" in judged["models"][name]
    ]  # fmt: skip


# Words and numbers ----------------------------------------------------------------------------


def _cell(figure: Mapping[str, Any] | None, signed: bool = False) -> dict[str, str]:
    if figure is None or figure["value"] is None:
        reason = "not computed" if figure is None else str(figure["reason"])
        return {"value": "–", "interval": "", "reason": reason, "note": ""}
    return {
        "value": _number(figure["value"], signed),
        "interval": _interval(figure, signed).strip(" ()"),
        "reason": str(figure["reason"] or ""),
        "note": "",
    }


def _number(value: float, signed: bool = False) -> str:
    """Three decimals below 1, else two; a minus that is one.

    >>> _number(0.0461), _number(-0.5, signed=True), _number(1.234)
    ('0.046', '−0.500', '1.23')
    """
    digits = 3 if abs(value) < 1 else 2
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    return text.replace("-", "−")


def _interval(figure: Mapping[str, Any], signed: bool = False) -> str:
    if figure["low"] is None:
        return ""
    return f" ({_number(figure['low'], signed)} to {_number(figure['high'], signed)})"


def _per_cent(figure: Mapping[str, Any]) -> str:
    text = f"{100 * figure['value']:.0f}\N{NO-BREAK SPACE}%"
    if figure["low"] is None:
        return text
    return f"{text} ({100 * figure['low']:.0f} to {100 * figure['high']:.0f}\N{NO-BREAK SPACE}%)"


def _plain(value: float | None) -> str:
    return "–" if value is None or not math.isfinite(value) else _number(value)


def _rejects(counted: Mapping[str, int]) -> list[tuple[str, str, int]]:
    most_first = sorted(counted.items(), key=lambda pair: -pair[1])
    return [(reason, REJECTS.get(reason, ""), count) for reason, count in most_first]


def _about(context: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Facts of the run that others need to repeat it."""
    facts = [
        ("model version", context.get("model_version")),
        ("training data digest", context.get("data_digest")),
        ("code version", context.get("code_version")),
        ("seed", context.get("seed")),
    ]
    facts += sorted((context.get("settings") or {}).items())
    facts += sorted((context.get("libraries") or {}).items())
    return [(name, str(value)) for name, value in facts if value is not None]
