"""Writes one HTML page about how good a model is: plain words first, no network, no scripts."""

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from matplotlib.figure import Figure

from features.catalogue.naming import name_of
from models.bundle import Bundle
from training.judging.rows.metrics import FIRST_BASELINE, MAIN_MODEL, METRICS
from training.report.adaptation import adaptation_section
from training.report.data import write_data, write_json
from training.report.examples import EXAMPLE, RULE
from training.report.figures.captions import CAPTIONS, alternative, remark, reversed_il6, sample
from training.report.figures.svg import svg
from training.report.further import further_blocks
from training.report.shown import NOTHING_SHOWN, Shown
from training.report.tables import (
    cell,
    figure_tables,
    grade_table,
    panel_table,
    rejects,
    rules,
    stratum_table,
    utilities,
)
from training.statements.facts import Facts
from training.statements.hti1 import hti1
from training.statements.tripod import tripod
from training.words.calibration import CALIBRATION_BANDS, must_recalibrate
from training.words.calibration_curve import curve_chosen
from training.words.claims import FEWEST_FOR_A_GAIN, claim, why_unjudged
from training.words.context import card_context
from training.words.doubt import doubt_section
from training.words.intervals import interval_sources
from training.words.judged_patients import WEIGHTED, describe_patients, who_was_judged
from training.words.limits import limits
from training.words.methods import PUBLISHED, contrasts
from training.words.names import COUNTS, NOTHING, Words, outcomes_in_order, words_for
from training.words.rounding import per_cent
from training.words.sentences import plain_sentences

TEMPLATE = "page.html.jinja"


def report_context(bundle: Bundle, settings: object, validation: str) -> dict[str, Any]:
    """What the report says beside figures: about the bundle, the run's `settings` (a dataclass or
    mapping), and how the rows were kept apart from the training (`validation`, a sentence)."""
    if is_dataclass(settings) and not isinstance(settings, type):
        settings = asdict(settings)
    facts = card_context(bundle.card, bundle.models, bundle.horizon_hours, bundle.outcomes_from)
    return facts | {
        "model_version": bundle.version,
        "validation": validation,
        "settings": dict(settings) if isinstance(settings, Mapping) else {},
    }


def write_report(
    evaluation: Mapping[str, Any],
    figures: Mapping[str, Figure],
    context: Mapping[str, Any],
    out: Path,
    shown: Shown = NOTHING_SHOWN,
) -> Path:
    """Write the page and all its data into the folder `out`; returns the page's path.

    Beside report.html: metrics.json (the evaluation), what `data.write_data` writes.

    `figures` are named `<outcome>_<kind>`; `context` is what `report_context` gives (`learnt_from`
    and `virtual` are needed, the rest may be absent). `evaluation` may carry `judged_on` (what
    `judged_on` gives), `rejects` (count by reason) and `notes` (sentences of the reader).
    """
    out.mkdir(parents=True, exist_ok=True)
    write_json(evaluation, out / "metrics.json")
    values = page_values(evaluation, figures, context, shown)
    page = out / "report.html"
    page.write_text(render(values), encoding="utf-8")
    write_data(values, evaluation, shown, out)
    return page


def render(values: Mapping[str, Any]) -> str:
    """The page as text, from what `page_values` gives."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(TEMPLATE).render(values)


def page_values(
    evaluation: Mapping[str, Any],
    figures: Mapping[str, Figure],
    context: Mapping[str, Any],
    shown: Shown = NOTHING_SHOWN,
) -> dict[str, Any]:
    """Everything that the page says and draws, by the template's names."""
    words = words_for(evaluation)
    judged_on = evaluation.get("judged_on") or NOTHING
    sections = [
        _outcome_section(outcome, evaluation, figures, context, words, shown)
        | {"examples": example_part(outcome, evaluation, figures, words, shown)}
        for outcome in outcomes_in_order(list(evaluation["outcomes"]))
    ]
    facts = Facts(evaluation, context)
    return {
        "context": context,
        "words": words,
        "sections": sections,
        "judged_on": describe_patients(judged_on, words) if judged_on else None,
        "judged_patients": judged_on.get("patients"),
        "judged_virtual": judged_on.get("virtual"),
        "resampling": evaluation["resampling"],
        "budget": evaluation["alarm_budget_per_patient_day"],
        "metrics": METRICS,
        "bands": CALIBRATION_BANDS,
        "fewest_for_a_gain": FEWEST_FOR_A_GAIN,
        "calibrated": [
            (words.title(outcome), curve_chosen(outcome, context))
            for outcome in context.get("calibrated") or ()
        ],
        "limits": limits(context["virtual"], judged_on, words, facts.adapted),
        "rejects": rejects(evaluation.get("rejects") or {}),
        "notes": list(evaluation.get("notes") or ()),
        "leaks": list(evaluation.get("leaks") or ()),
        "about": _about(context),
        "intervals": interval_sources(evaluation),
        "contrasts": contrasts(evaluation, words),
        "published": PUBLISHED,
        "statements": [tripod(facts), hti1(facts)],
    }


def _outcome_section(
    outcome: str,
    evaluation: Mapping[str, Any],
    figures: Mapping[str, Figure],
    context: Mapping[str, Any],
    words: Words,
    shown: Shown,
) -> dict[str, Any]:
    judged = evaluation["outcomes"][outcome]
    judged_on = evaluation.get("judged_on") or NOTHING
    why_not = why_unjudged(judged)
    strata = (judged.get("strata") or {}).items() if words.graded else ()
    return {
        "id": outcome,
        "title": words.title(outcome),
        "name": words.name(outcome),
        "definition": words.definition(outcome),
        "claim": claim(judged, words, judged_on),
        "who": who_was_judged(outcome, judged, judged_on, words),
        "warning": must_recalibrate(judged),
        "sentences": plain_sentences(outcome, judged, words, judged_on),
        "why_not": why_not,
        "no_event": not judged["counts"]["events"],
        "weighted": WEIGHTED if judged_on.get("weighted") else "",
        "cards": _cards(judged) if why_not is None else [],
        "grades": grade_table(judged, words) if why_not is None else [],
        "figures": _figures_of(outcome, figures, judged, words, shown, context),
        "tables": figure_tables(judged, words) if judged["counts"]["events"] else [],
        "panels": panel_table((evaluation.get("panels") or {}).get(outcome) or (), judged, words)
        if why_not is None else [],
        "adaptation": adaptation_section((evaluation.get("adaptation") or {}).get(outcome)),
        "rules": rules(judged, words) if judged["counts"]["events"] else [],
        "utilities": utilities(
            evaluation.get("challenge_utility") or {},
            evaluation.get("challenge_utility_intervals") or {},
            words,
        )
        if outcome == "infection" and why_not is None else [],
        "strata": [stratum_table(stratum, parts, words) for stratum, parts in strata]
        if why_not is None else [],
        "further": further_blocks(judged, words) if why_not is None else [],
        "doubt": doubt_section(judged, _once(outcome, evaluation), words),
        "counts": [(words_of, judged["counts"][key]) for key, words_of in COUNTS.items()],
        "unscored": [
            (words.scorer(name), answer["unscored"])
            for name, answer in judged["models"].items() if answer.get("unscored")
        ],
        "features": [
            (name_of(key), count)
            for key, count in (context.get("features") or {}).get(outcome, {}).items()
        ],
    }  # fmt: skip


def _once(outcome: str, evaluation: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What patients came to first, told in the first outcome's section alone."""
    first = outcomes_in_order(list(evaluation["outcomes"]))[0]
    return evaluation.get("first_events") if outcome == first else None


def _cards(judged: Mapping[str, Any]) -> list[dict[str, str]]:
    """Four figures at the top: the model's, persistence's below; what is caught has its price."""
    cards = []
    for name in ("auroc", "auprc", "sensitivity_at_budget", "observed_to_expected"):
        metric = next(each for each in METRICS if each.name == name)
        price = _price(judged) if name == "sensitivity_at_budget" else ""
        ours = cell(_figure_of(judged, MAIN_MODEL, name))
        theirs = cell(_figure_of(judged, FIRST_BASELINE, name))
        cards.append({"title": metric.title, "value": ours["value"], "interval": ours["interval"],
                      "baseline": theirs["value"], "meaning": metric.meaning,
                      "price": price})  # fmt: skip
    return cards


def _price(judged: Mapping[str, Any]) -> str:
    """How many of the alarms are right at the budget; empty where none sounds."""
    right = _figure_of(judged, MAIN_MODEL, "ppv_at_budget")
    if right is None or right["value"] is None:
        return ""
    share, _, ends = per_cent(right).partition(" (")
    return f"{share} of the alarms are right" + (f" ({ends}" if ends else "")


def _figure_of(judged: Mapping[str, Any], model: str, name: str) -> Mapping[str, Any] | None:
    answer = judged["models"].get(model)
    return None if answer is None else answer["metrics"][name]


def _figures_of(
    outcome: str,
    figures: Mapping[str, Figure],
    judged: Mapping[str, Any],
    words: Words,
    shown: Shown,
    context: Mapping[str, Any],
) -> list[dict[str, Any]]:
    explained = shown.explained.get(outcome)
    prefix = f"{outcome}_"
    kinds = [name.removeprefix(prefix) for name in figures if name.startswith(prefix)]
    kinds = [kind for kind in kinds if not kind.startswith(EXAMPLE)]
    known = [kind for kind in CAPTIONS if kind in kinds]
    return [
        _figure_part(
            kind,
            figures[prefix + kind],
            judged,
            words,
            sample(kind, explained)
            + reversed_il6(kind, outcome, explained)
            + (_curve(outcome, context) if kind == "calibration" else ""),
        )
        for kind in known + sorted(set(kinds) - set(known))
    ]


def _curve(outcome: str, context: Mapping[str, Any]) -> str:
    chosen = curve_chosen(outcome, context)
    return f" The curve from scores to risks: {chosen}." if chosen else ""


def example_part(
    outcome: str,
    evaluation: Mapping[str, Any],
    figures: Mapping[str, Figure],
    words: Words,
    shown: Shown,
) -> dict[str, Any]:
    """The rule, the patients counted by kind, and the drawn ones; empty where nothing is shown."""
    if outcome not in shown.examples:
        return {}
    found, judged = shown.examples[outcome], evaluation["outcomes"][outcome]
    names = [f"{outcome}_{course.kind.figure}" for course in found.courses]
    return {
        "rule": RULE,
        "counted": found.counted.to_dict("records"),
        "why_none": found.why_none,
        "figures": [
            _figure_part(name.removeprefix(f"{outcome}_"), figures[name], judged, words)
            for name in names
        ],
    }


def _figure_part(
    kind: str, figure: Figure, judged: Mapping[str, Any], words: Words, rows: str = ""
) -> dict[str, Any]:
    return {
        "kind": kind,
        "caption": CAPTIONS.get(kind),
        "remark": remark(kind, judged) + rows,
        "svg": _drawn(kind, figure, judged, words),
    }


def _drawn(kind: str, figure: Figure, judged: Mapping[str, Any], words: Words) -> str:
    title = figure.get_suptitle() or kind.replace("_", " ")
    ticks = figure.axes[0].get_yticklabels() if kind in ("importance", "contributions") else []
    analytes = [tick.get_text() for tick in ticks]
    return svg(figure, alternative(kind, title, analytes, judged, words))


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
