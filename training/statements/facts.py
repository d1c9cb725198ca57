"""What a run knows of itself, in sentences that a statement can use."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from training.judging.judged import Seen
from training.judging.rows.metrics import FIRST_BASELINE, MAIN_MODEL
from training.words.claims import claim, why_unjudged
from training.words.judged_patients import describe_patients, who_was_judged
from training.words.limits import limits
from training.words.names import NOTHING, Words, outcomes_in_order, words_for
from training.words.rounding import interval, number

DEMOGRAPHIC = {"sex": "sex", "age": "age", "birth": "date of birth"}
"""Features that are demographic in the sense of the rules; nothing else of the kind is read."""


@dataclass(frozen=True)
class Facts:
    """An evaluation, and the bundle's card as `card_context` gives it."""

    evaluation: Mapping[str, Any]
    context: Mapping[str, Any]

    @cached_property
    def words(self) -> Words:
        """The words for those who were judged."""
        return words_for(self.evaluation)

    @property
    def judged_on(self) -> Mapping[str, Any]:
        """Who was judged; empty where the evaluation does not say."""
        found: Mapping[str, Any] = self.evaluation.get("judged_on") or NOTHING
        return found

    @property
    def outcomes(self) -> list[str]:
        """The outcomes judged."""
        return outcomes_in_order(list(self.evaluation["outcomes"]))

    @property
    def virtual(self) -> bool:
        """Whether the model learnt from virtual patients."""
        return bool(self.context["virtual"])

    @property
    def all_virtual(self) -> bool:
        """Whether learnt from and judged on virtual patients alone."""
        return self.virtual and bool(self.judged_on.get("virtual"))

    @property
    def external(self) -> bool:
        """Whether the records judged are not those of the training."""
        return self.judged_on.get("seen") == Seen.OTHER_RECORDS

    @property
    def weighted(self) -> bool:
        """Whether the figures are weighted by sampling weights."""
        return bool(self.judged_on.get("weighted"))

    @property
    def horizon(self) -> str:
        """How far a risk looks ahead."""
        hours = self.context.get("horizon_hours")
        return "within the horizon" if hours is None else f"within the next {hours:g} h"

    @property
    def names(self) -> str:
        """The outcomes inside a sentence."""
        return " and of ".join(self.words.name(outcome) for outcome in self.outcomes)

    @property
    def definitions(self) -> str:
        """What counts as each outcome, and who says so."""
        told = [(self.words.title(o), self.words.definition(o)) for o in self.outcomes]
        said = [f"{title}: {found[0]} ({found[1]})" for title, found in told if found]
        source = self.context.get("outcomes_from")
        return "; ".join(said) + "." + (f" {source}" if source else "")

    @property
    def people(self) -> str:
        """Whom the judged ones stand for."""
        return f"{self.words.people} {self.words.setting}"

    @property
    def learnt_from(self) -> str:
        """Who taught the model."""
        return f"Learnt from {self.context['learnt_from']}."

    @property
    def judged(self) -> str:
        """Who was judged, by outcome."""
        return " ".join(
            who_was_judged(o, self.evaluation["outcomes"][o], self.judged_on, self.words)
            for o in self.outcomes
        )

    @property
    def judged_patients(self) -> str:
        """Who was judged, in a few words."""
        return describe_patients(self.judged_on, self.words)

    @property
    def claims(self) -> str:
        """What the comparison with persistence shows, by outcome."""
        told = (
            f"{self.words.title(o)}: "
            f"{claim(self.evaluation['outcomes'][o], self.words, self.judged_on).sentence}"
            for o in self.outcomes
        )
        return " ".join(told)

    @property
    def figures(self) -> str:
        """Average precision and calibration, persistence beside them; `claims` has AUROC."""
        return " ".join(self._figures(outcome) for outcome in self.outcomes)

    def _figures(self, outcome: str) -> str:
        judged = self.evaluation["outcomes"][outcome]
        title, reason = self.words.title(outcome), why_unjudged(judged)
        if reason is not None:
            return f"{title}: {reason}."
        told = [
            f"{label} {self._beside(judged, metric)}"
            for metric, label in (
                ("auprc", "average precision"),
                ("observed_to_expected", "observed over expected events"),
            )
        ]
        return f"{title}: {', '.join(told)}."

    def _beside(self, judged: Mapping[str, Any], metric: str) -> str:
        ours, theirs = (
            judged["models"].get(name, NOTHING).get("metrics", NOTHING).get(metric)
            for name in (MAIN_MODEL, FIRST_BASELINE)
        )
        return f"{_figure(ours)} against {_figure(theirs)} of {self.words.known} alone"

    @property
    def flow(self) -> str:
        """Patients and rows counted, by outcome."""
        return " ".join(
            f"{self.words.title(o)}: {_flow(self.evaluation['outcomes'][o]['counts'])}."
            for o in self.outcomes
        )

    @property
    def features(self) -> Mapping[str, Mapping[str, int]]:
        """Features of each analyte, drug or state, by outcome; empty where not known."""
        found: Mapping[str, Mapping[str, int]] = self.context.get("features") or NOTHING
        return found

    @property
    def inputs(self) -> str:
        """How many inputs each outcome's model reads."""
        told = [
            f"{self.words.title(o)}: {sum(found.values())} features of {len(found)} analytes, "
            "drugs and states"
            for o, found in self.features.items()
        ]
        return "; ".join(told) + "." if told else "Named in the bundle."

    @property
    def demographics(self) -> str:
        """Which demographic facts are inputs."""
        keys = {key for found in self.features.values() for key in found}
        used = [name for key, name in DEMOGRAPHIC.items() if key in keys]
        return f"Inputs among them: {', '.join(used)}." if used else "None of them is an input."

    @property
    def groups(self) -> list[str]:
        """By what else than today's grade the figures were broken down."""
        judged = self.evaluation["outcomes"].values()
        found = {s for o in judged for s in (*(o.get("strata") or ()), *(o.get("groups") or ()))}
        return sorted(found - {"grade"})

    @property
    def cross_validated(self) -> bool:
        """Whether each patient was judged by members that had not seen them."""
        return self.judged_on.get("seen") in (None, Seen.CROSS_VALIDATED)

    @property
    def adapted(self) -> bool:
        """Whether the model started from another bundle."""
        return bool(self.evaluation.get("adaptation") or self.context.get("adapted_from"))

    @property
    def ways(self) -> str:
        """How each outcome's model came about from the bundle that was started from."""
        told = self.evaluation.get("adaptation") or NOTHING
        named = [
            f"{self.words.title(o)}: {told[o]['chosen']} ({told[o]['meanings'][told[o]['chosen']]})"
            for o in self.outcomes
            if o in told
        ]
        return "; ".join(named) + "." if named else "In the way that item 5a names."

    @property
    def set_aside(self) -> str:
        """How many records were set aside, and why."""
        counted = self.evaluation.get("rejects") or {}
        if not counted:
            return "No record was set aside."
        told = ", ".join(f"{n:,} {reason.replace('_', ' ')}" for reason, n in counted.items())
        return f"Records set aside, by reason: {told}."

    @property
    def limits(self) -> str:
        """What the figures do not say."""
        return " ".join(limits(self.virtual, self.judged_on, self.words, self.adapted))


def _figure(figure: Mapping[str, Any] | None) -> str:
    if figure is None or figure["value"] is None:
        return "not defined"
    return f"{number(figure['value'])}{interval(figure)}"


def _flow(counts: Mapping[str, int]) -> str:
    return (
        f"{counts['patients']:,} in all, {counts['patients_judged']:,} with a judged row, "
        f"{counts['patients_with_event']:,} with an event; {counts['rows_in_all']:,} rows, "
        f"{counts['rows']:,} judged, {counts['events']:,} before an event, "
        f"{counts['censored']:,} left out as not observed, {counts['not_at_risk']:,} as not at risk"
    )
