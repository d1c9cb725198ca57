"""What the hospital writes down of the virtual patients: records with delays, habits and mistakes.

Everything is drawn for many patients at once; each draw depends on patient, hour and question.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from features.catalogue import ANALYTES, DRUGS
from training.cohort.centres import AssayHabit, Centre
from training.cohort.chance import normals, uniforms
from training.cohort.clinicians.care import ANTIMICROBIALS
from training.cohort.cultures import Cultures, reports
from training.cohort.dosing import (
    ACICLOVIR,
    AFTER_OBINUTUZUMAB,
    ANTIMICROBIAL_DOSINGS,
    G_CSF,
    LYMPHODEPLETION,
    LYMPHODEPLETION_DAYS,
    OBINUTUZUMAB,
    OBINUTUZUMAB_BEFORE_D,
    USUAL_LYMPHODEPLETION,
    Dosing,
)
from training.cohort.home import HomeChecks, home_days, kept_checks
from training.cohort.infections import KINDS
from training.cohort.laboratories import CRP, LABORATORIES, PLACE, Laboratory
from training.cohort.parameters import DISEASES, HOURS_BEFORE_FIRST_DOSE
from training.cohort.people import People
from training.cohort.products import Kind, Product
from training.cohort.results import PANELS, out_at
from training.cohort.written import STATIC, Rows, printed_limit, rounded, with_mistakes

_OBSERVED = 1_000_000
"""Moments of the observation's draws lie above those of the body and the clinicians."""

_DEVICE, _ADJUDICATION, _MINUTE, _WEEKEND, _GRADED, _HOME_DAY = 40, 43, 44, 46, 47, 49
_HOME, _CULTURE = 50, 54  # three questions; four
_INCLUDED, _NOISE, _DELAY, _MISTAKE, _MISREAD = 100, 140, 180, 220, 260

GRADE_TOO_LOW, GRADE_TOO_HIGH = 0.03, 0.003
"""Shares of charted grades of CRS that are one too low, one too high (assumed): charts understate,
and what is charted as severe should mostly be so."""
GRADE_CHARTED_AFTER_MIN = 40.0
"""Mean minutes until a grade is charted (assumed; exponential, so one in twenty waits 2 h)."""

MASK_FLOW = (0.0, 0.0, 10.0, 15.0, 15.0)
"""L/min through a face mask by step of support: simple, then with a reservoir (assumed)."""
FINGER_PRICK = (5.0, 200.0)
"""mg/L of CRP: below and above, the device at home shows a limit (two such devices, recalled)."""

_VITAL_SIGNS = (
    ("temperature", "temperature", "Cel"),
    ("heart_rate", "heart_rate", "/min"),
    ("systolic_bp", "systolic", "mm[Hg]"),
    ("diastolic_bp", "diastolic", "mm[Hg]"),
    ("respiratory_rate", "breaths", "/min"),
    ("spo2", "saturation", "%"),
)

PATHOGENS = {"viral": "Cytomegalovirus detected", "fungal": "Aspergillus antigen detected"}
"""What the test says that a recognised infection of the kind rests on."""
_NUMBER = {kind.name: number for number, kind in enumerate(KINDS, start=1)}

LIVED: dict[str, type] = {
    **dict.fromkeys(("alive", "onset", "severe_infection"), np.bool_),
    "infection": np.int8,
    **dict.fromkeys(
        ("cells", "stimulus", "drive", "il6", "blocked", "bound", "leak", "temperature",
         "fever_of_drive", "burden", "apparent_h", "hlh"),
        np.float32,
    ),
}  # fmt: skip
"""What a history keeps of the body, by name and type."""

NOTED: dict[str, type] = {
    **dict.fromkeys(
        ("inside", "icu", "admitted", "discharged", "icu_entered", "visit", "checked",
         "vasopressor_changed", "oxygen_changed", "graded", "steroids", "prophylaxis", "culture",
         "antimicrobial_given"),
        np.bool_,
    ),
    **dict.fromkeys(("vasopressors", "oxygen_device", "grade", "icans", "antimicrobial", "charted",
         "documented"), np.int8),
    **dict.fromkeys(("any_fever_at", "hypotension_at", "documented_onset"), np.int32),
    **dict.fromkeys(
        ("dose", "temperature", "systolic", "diastolic", "heart_rate", "breaths", "saturation",
         "norepinephrine", "fluid", "oxygen_flow", "tocilizumab", "siltuximab", "anakinra",
         "dexamethasone", "methylprednisolone", "paracetamol", "g_csf", "immunoglobulin"),
        np.float32,
    ),
}  # fmt: skip
"""What a history keeps of the care."""

Columns = dict[str, npt.NDArray[Any]]


def room_for(fields: dict[str, type], hours: int, patients: int) -> Columns:
    """Empty columns (hour x patient), one a field."""
    return {name: np.empty((hours, patients), dtype=kind) for name, kind in fields.items()}


@dataclass(frozen=True)
class History:
    """What happened: columns (hour x patient) of body and care, and laboratory levels."""

    people: People
    products: tuple[Product, ...]
    state: Columns
    care: Columns
    labs: npt.NDArray[np.float32]

    @property
    def hours(self) -> int:
        """How many hours were simulated."""
        return len(self.labs)


class _Chance:
    """Draws for the cells (hour, patient) of one cohort."""

    def __init__(self, keys: npt.NDArray[np.uint64]) -> None:
        self._keys = keys

    def uniform(
        self, hour: npt.NDArray[np.int64], patient: npt.NDArray[np.int64], question: int
    ) -> npt.NDArray[np.float64]:
        return np.asarray(uniforms(self._keys[patient], hour + _OBSERVED, question))

    def normal(
        self, hour: npt.NDArray[np.int64], patient: npt.NDArray[np.int64], question: int
    ) -> npt.NDArray[np.float64]:
        return np.asarray(normals(self._keys[patient], hour + _OBSERVED, question))


class Observer:
    """One hospital's pen: `centre` decides what is ordered, when it is known, in which unit."""

    def __init__(self, history: History, centre: Centre) -> None:
        self._history = history
        self._centre = centre
        self._chance = _Chance(history.people.keys)
        self._habits = {habit.key: habit for habit in centre.units}
        self._assays = {habit.key: habit for habit in centre.assays}
        first_dose = history.people.persons["first_dose_day"] * 1440
        self._start = first_dose - HOURS_BEFORE_FIRST_DOSE * 60

    def rows(self) -> Iterator[Rows]:
        """Every record, kind by kind."""
        yield from self._person()
        yield from self._stay()
        yield from self._vital_signs()
        yield from self._support()
        yield from self._therapy()
        yield from self._medication()
        yield from self._infections()
        yield from self._laboratories()

    def _minutes(
        self, hour: npt.NDArray[np.int64], patient: npt.NDArray[np.int64], after: int
    ) -> npt.NDArray[np.int64]:
        """The minute of a record: all of one hour follow the same clock, `after` orders them."""
        within = np.floor(40.0 * self._chance.uniform(hour, patient, _MINUTE)).astype(np.int64)
        return self._start[patient] + 60 * hour + within + after

    def _at(
        self,
        mask: npt.NDArray[np.bool_],
        code: str,
        values: npt.NDArray[np.generic] | float,
        unit: str | None = None,
        after: int = 0,
    ) -> Rows:
        hour, patient = np.nonzero(mask)
        chosen = (
            values[hour, patient] if isinstance(values, np.ndarray) else np.full(len(hour), values)
        )
        minutes = self._minutes(hour, patient, after)
        return Rows(patient, minutes, code, _digits(chosen, 4), unit=unit)

    def _person(self) -> Iterator[Rows]:
        persons = self._history.people.persons
        everyone = np.arange(len(persons))
        static = np.full(len(persons), STATIC)
        nothing = np.full(len(persons), np.nan)
        born = persons["first_dose_day"] - np.floor(persons["age"] * 365.25).astype(np.int64)
        yield Rows(everyone, born * 1440 - 480, "birth", nothing)
        sex = np.where(persons["male"], "male", "female").astype(object)
        yield Rows(everyone, static, "sex", nothing, sex)
        disease = np.array([row.word or row.key for row in DISEASES], dtype=object)[
            persons["disease"]
        ]
        yield Rows(everyone, static, "disease", nothing, disease)
        site = np.full(len(persons), self._centre.key, dtype=object)
        yield Rows(everyone, static, "site", nothing, site)
        line = np.where(persons["central_line"], "yes", "no").astype(object)
        yield Rows(everyone, static, "central_line", nothing, line)
        for name, code, unit in (
            ("weight", _loinc("weight"), "kg"),
            ("height", _loinc("height"), "cm"),
            ("prior_lines", "prior_lines", None),
            ("prior_infections", "prior_infections", None),
            ("tumour_burden", "tumour_burden", None),
        ):
            yield Rows(everyone, static, code, persons[name].astype(np.float64), unit=unit)

    def _stay(self) -> Iterator[Rows]:
        care, state = self._history.care, self._history.state
        yield self._at(care["admitted"], "admission", np.nan)
        yield self._at(care["discharged"], "discharge", np.nan, after=15)
        yield self._at(care["icu_entered"], "icu_admission", np.nan, after=14)
        yield self._at(_turns(~state["alive"]), "death", np.nan)

    def _vital_signs(self) -> Iterator[Rows]:
        care = self._history.care
        at_bedside = care["checked"] & (care["inside"] | care["visit"])
        home = ("temperature", "spo2", "heart_rate") if self._centre.home_crp else ("temperature",)
        checks = self._home_checks()
        for code, name, unit in _VITAL_SIGNS:
            if code in self._centre.lacks:
                continue
            yield self._mistyped(self._at(at_bedside, _loinc(code), care[name], unit), code)
            if code in home:
                yield self._mistyped(self._from_home(checks, code, name, unit), code)
        if self._centre.home_crp:
            yield from self._finger_prick(checks)
        yield self._charted_grades()
        seen = np.maximum.accumulate(care["icans"] > 0, axis=0)  # from then on also its end
        yield self._at(care["graded"] & seen, "icans_grade", care["icans"], after=12)

    def _home_checks(self) -> HomeChecks:
        """Checks away from hospital and clinic of which something is on record."""
        care = self._history.care
        hour, patient = np.nonzero(care["checked"] & ~care["inside"] & ~care["visit"])
        feverish = care["any_fever_at"][hour, patient] == hour
        days_own = self._chance.uniform(home_days(hour), patient, _HOME_DAY)
        own = [self._chance.uniform(hour, patient, _HOME + number) for number in range(3)]
        return kept_checks(self._centre.home, hour, patient, feverish, np.array([days_own, *own]))

    def _from_home(self, checks: HomeChecks, code: str, name: str, unit: str) -> Rows:
        there = checks.thermometer if code == "temperature" else np.ones(len(checks.hour), bool)
        hour, patient = checks.hour[there], checks.patient[there]
        minutes = self._minutes(hour, patient, 0)
        value = _digits(self._history.care[name][hour, patient], 4)
        known = _uploaded(minutes, checks.upload[there])
        return Rows(patient, minutes, _loinc(code), value, unit=unit, known=known)

    def _mistyped(self, rows: Rows, code: str) -> Rows:
        """One temperature in two thousand loses its decimal point."""
        if code != "temperature":
            return rows
        drawn = uniforms(self._history.people.keys[rows.patient], rows.minute + _OBSERVED, _MISREAD)
        value = np.where(drawn < 0.0005, rows.value * 10.0, rows.value)
        return replace(rows, value=value)

    def _charted_grades(self) -> Rows:
        """Grades of CRS as charted: some late, some off by one."""
        care = self._history.care
        hour, patient = np.nonzero(care["graded"])
        grade = care["charted"][hour, patient].astype(np.float64)
        drawn = self._chance.uniform(hour, patient, _GRADED)
        slip = np.where(
            drawn < GRADE_TOO_LOW, -1.0, np.where(drawn > 1.0 - GRADE_TOO_HIGH, 1.0, 0.0)
        )
        written = np.where(grade > 0, np.clip(grade + slip, 0.0, 4.0), grade)
        minutes = self._minutes(hour, patient, 12)
        waited = -GRADE_CHARTED_AFTER_MIN * np.log(self._chance.uniform(hour, patient, _GRADED + 1))
        known = minutes + waited.astype(np.int64)
        return Rows(patient, minutes, "crs_grade", written, known=known)

    def _support(self) -> Iterator[Rows]:
        care = self._history.care
        hour = np.arange(self._history.hours)[:, None]
        regular = care["checked"] & (hour % 4 == 0)
        on = care["vasopressors"] > 0
        written = on & regular | care["vasopressor_changed"]
        yield self._at(written, _atc("norepinephrine"), care["norepinephrine"], "ug/kg/min", 3)
        second = care["vasopressors"] >= 2
        rate = np.where(second, 0.05, 0.0)
        changed = second & written | _turns(~second) & (hour > 0)
        yield self._at(changed, _atc("epinephrine"), rate, "ug/kg/min", 3)
        supplied = care["oxygen_device"] > 0
        shown = care["oxygen_changed"] | supplied & regular | care["admitted"]
        yield self._device(shown & care["checked"])
        yield self._at(shown & supplied, _loinc("oxygen_flow"), self._flow(), "L/min", 4)

    def _flow(self) -> npt.NDArray[np.generic]:
        """Oxygen flow (hour x patient) by the device that there is."""
        care = self._history.care
        by_mask = (np.array(self._centre.oxygen) == "face_mask")[care["oxygen_device"]]
        return np.where(by_mask, np.array(MASK_FLOW)[care["oxygen_device"]], care["oxygen_flow"])

    def _device(self, mask: npt.NDArray[np.bool_]) -> Rows:
        hour, patient = np.nonzero(mask)
        names = np.array(self._centre.oxygen, dtype=object)
        text = names[self._history.care["oxygen_device"][hour, patient]]
        nothing = np.full(len(hour), np.nan)
        return Rows(patient, self._minutes(hour, patient, 3), "oxygen_device", nothing, text)

    def _therapy(self) -> Iterator[Rows]:
        """Doses are given on the hour, after that hour's plan and before its measurements."""
        care = self._history.care
        chosen = self._history.people.persons["product"]
        for index, item in enumerate(self._history.products):
            hour, patient = np.nonzero((care["dose"] > 0) & (chosen == index)[None, :])
            minutes = self._start[patient] + 60 * hour
            value = _digits(care["dose"][hour, patient], 4 if item.continuous else 2)
            if item.kind is Kind.CAR_T:
                yield Rows(patient, minutes, _atc(item.key), value)
            else:
                yield Rows(patient, minutes, _atc(item.key), value, unit="mg")
            yield from self._before_therapy(item, np.flatnonzero(chosen == index))

    def _before_therapy(self, item: Product, patient: npt.NDArray[np.int64]) -> Iterator[Rows]:
        """Lymphodepletion before cells; the antibody that spares the first dose of glofitamab."""
        if item.kind is Kind.CAR_T:
            drugs = LYMPHODEPLETION.get(item.key, USUAL_LYMPHODEPLETION)
            for day in LYMPHODEPLETION_DAYS:
                for number, drug in enumerate(drugs):
                    yield self._given_once(patient, day, 60 + 60 * number, drug)
        elif item.key == AFTER_OBINUTUZUMAB:
            day = round(item.doses[0].day) - OBINUTUZUMAB_BEFORE_D
            yield self._given_once(patient, day, 60, OBINUTUZUMAB)

    def _given_once(
        self, patient: npt.NDArray[np.int64], day: int, after: int, drug: Dosing
    ) -> Rows:
        """A drug on one day of the calendar (the products' day 0 is 0), to those alive."""
        hour = HOURS_BEFORE_FIRST_DOSE + 24 * day
        patient = patient[self._history.state["alive"][hour, patient]]
        minutes = self._start[patient] + 60 * hour + after
        return Rows(patient, minutes, _atc(drug.drug), self._doses(drug)[patient], unit="mg")

    def _doses(self, drug: Dosing) -> npt.NDArray[np.float64]:
        """The dose for each patient."""
        persons = self._history.people.persons
        return drug.doses(persons["weight"], persons["height"])

    def _medication(self) -> Iterator[Rows]:
        care = self._history.care
        for name, code in (
            ("tocilizumab", "tocilizumab"),
            ("dexamethasone", "dexamethasone"),
            ("paracetamol", "acetaminophen"),
            ("siltuximab", "siltuximab"),
            ("anakinra", "anakinra"),
            ("methylprednisolone", "methylprednisolone"),
        ):
            yield self._at(care[name] > 0, _atc(code), care[name], "mg", 8)
        grams = care["immunoglobulin"]
        yield self._at(grams > 0, _atc("immunoglobulin_iv"), grams, "g", 8)
        yield self._by_size(care["g_csf"] > 0, G_CSF, 8)
        yield self._by_size(care["prophylaxis"], ACICLOVIR, 8)
        for number, drug in enumerate(ANTIMICROBIALS[1:], start=1):
            given = care["antimicrobial_given"] & (care["antimicrobial"] == number)
            yield self._by_size(given, ANTIMICROBIAL_DOSINGS[drug], 10)

    def _by_size(self, given: npt.NDArray[np.bool_], drug: Dosing, after: int) -> Rows:
        """Doses by body size, in the hours in which the drug was given."""
        hour, patient = np.nonzero(given)
        minutes = self._minutes(hour, patient, after)
        return Rows(patient, minutes, _atc(drug.drug), self._doses(drug)[patient], unit="mg")

    def _pathogen_tests(self) -> Iterator[Rows]:
        """The test that named a virus or a fungus, minutes before it is treated as such."""
        documented = self._history.care["documented"]
        for kind, found in PATHOGENS.items():
            hour, patient = np.nonzero(documented == _NUMBER[kind])
            text = np.full(len(hour), found, dtype=object)
            nothing = np.full(len(hour), np.nan)
            yield Rows(patient, self._minutes(hour, patient, 1), "pathogen_test", nothing, text)

    def _infections(self) -> Iterator[Rows]:
        state, care = self._history.state, self._history.care
        hour, patient = np.nonzero((care["documented"] > 0) & state["alive"])
        kinds = np.array([kind.name for kind in KINDS], dtype=object)
        text = kinds[care["documented"][hour, patient] - 1]
        onset = care["documented_onset"][hour, patient].astype(np.int64)
        minutes = self._minutes(onset, patient, 0)
        waited = 60 * (hour - onset)
        later = waited + 120 + 2160 * self._chance.uniform(hour, patient, _ADJUDICATION)
        nothing = np.full(len(hour), np.nan)
        yield Rows(
            patient,
            minutes,
            "infection_onset",
            nothing,
            text,
            known=minutes + later.astype(np.int64),
        )
        yield self._cultures()
        yield from self._pathogen_tests()

    def _cultures(self) -> Rows:
        """Blood cultures, whose report comes hours to days after they were drawn."""
        state, care = self._history.state, self._history.care
        hour, patient = np.nonzero(care["culture"])
        taken = Cultures(
            kind=state["infection"][hour, patient].astype(np.int64),
            burden=state["burden"][hour, patient].astype(np.float64),
            treated=care["antimicrobial"][np.maximum(hour - 1, 0), patient] > 0,
            line=self._history.people.persons["central_line"][patient],
        )
        chances = [self._chance.uniform(hour, patient, _CULTURE + number) for number in range(4)]
        text, later = reports(taken, np.array(chances))
        minutes = self._minutes(hour, patient, 9)
        nothing = np.full(len(hour), np.nan)
        return Rows(patient, minutes, _culture(), nothing, text, known=minutes + later)

    def _drawn(self) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Hours in which blood is drawn, and those of them in which somebody worries."""
        care = self._history.care
        hour = np.arange(self._history.hours)[:, None]
        clock = (hour + 8) % 24
        day = (self._history.people.persons["first_dose_day"][None, :] + (hour + 8) // 24) % 7
        recent_fever = hour - care["any_fever_at"] < 24
        worried = recent_fever | (care["charted"] > 0)
        morning = care["inside"] & (clock == 6)
        hours, patients = np.nonzero(morning & (day >= 5) & ~worried)
        skipped = self._chance.uniform(hours, patients, _WEEKEND) < 0.4
        morning[hours[skipped], patients[skipped]] = False
        evening = care["inside"] & (clock == 18) & ((care["charted"] >= 2) | care["icu"])
        at_door = care["admitted"] | care["visit"]
        return (morning | evening | at_door) & self._history.state["alive"], worried

    def _laboratories(self) -> Iterator[Rows]:
        """Panel by panel: what is ordered on one form comes out together."""
        drawn, worried = self._drawn()
        hour, patient = np.nonzero(drawn)
        concern = worried[hour, patient]
        minutes = self._minutes(hour, patient, 5)
        for number, panel in enumerate(PANELS):
            wanted = self._chance.uniform(hour, patient, _INCLUDED + number)
            luck = self._chance.normal(hour, patient, _DELAY + number)
            known = out_at(panel, minutes, self._centre.delay, luck)
            for key in panel.values:
                if key in self._centre.lacks:
                    continue
                row = LABORATORIES[PLACE[key]]
                asked = wanted < self._likely(row, hour, concern)
                yield from self._results(
                    row, hour[asked], patient[asked], minutes[asked], known[asked]
                )

    def _likely(
        self, row: Laboratory, hour: npt.NDArray[np.int64], concern: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.float64]:
        """The chance that a value is asked for; all of them at the baseline visit."""
        likely = np.where(concern, row.order.worried, row.order.routine)
        if row.order.routine < 0.9:
            likely = likely * self._centre.orders
        return np.where(hour == 2, 1.0, likely)

    def _finger_prick(self, checks: HomeChecks) -> Iterator[Rows]:
        """CRP at home every morning: known with the check, less exact (15 %)."""
        morning = (checks.hour + 8) % 24 == 8
        hour, patient = checks.hour[morning], checks.patient[morning]
        level = self._history.labs[hour, patient, CRP].astype(np.float64)
        value = np.round(level * np.exp(0.15 * self._chance.normal(hour, patient, _DEVICE)))
        minutes = self._minutes(hour, patient, 2)
        known = _uploaded(minutes, checks.upload[morning])
        lowest, highest = FINGER_PRICK
        shown = Rows(patient, minutes, _loinc("crp"), value, unit="mg/L", known=known)
        yield shown.chosen((value >= lowest) & (value <= highest))
        yield printed_limit(shown.chosen(value < lowest), f"<{lowest:g}")
        yield printed_limit(shown.chosen(value > highest), f">{highest:g}")

    def _results(
        self,
        row: Laboratory,
        hour: npt.NDArray[np.int64],
        patient: npt.NDArray[np.int64],
        minutes: npt.NDArray[np.int64],
        known: npt.NDArray[np.int64],
    ) -> Iterator[Rows]:
        """Results of one value: numbers, or the limit below which the assay is blind."""
        index, assay = PLACE[row.key], self._assays.get(row.key, AssayHabit(row.key))
        level = assay.bias * self._history.labs[hour, patient, index].astype(np.float64)
        error = row.assay.noise * assay.noise
        value = level * np.exp(error * self._chance.normal(hour, patient, _NOISE + index))
        value = np.round(value, row.assay.decimals)
        lowest = row.assay.lowest if assay.lowest is None else assay.lowest
        mistake = self._chance.uniform(hour, patient, _MISTAKE + index)
        unit, other = self._printed(row)
        factor = self._factor(row)
        printed = rounded(np.maximum(value, lowest) / factor)
        results = Rows(patient, minutes, _loinc(row.key), printed, unit=unit, known=known)
        blind = (value < lowest) & ANALYTES[row.key].has_detection_limit
        yield from with_mistakes(results.chosen(~blind), mistake[~blind], other)
        if blind.any():
            limit = f"<{rounded(np.array(lowest / factor)):g}"
            yield from with_mistakes(
                printed_limit(results.chosen(blind), limit), mistake[blind], other
            )

    def _printed(self, row: Laboratory) -> tuple[str, str]:
        """The unit that this centre prints, and the one that a tired hand may type instead."""
        habit = self._habits.get(row.key)
        known = [unit for unit in ANALYTES[row.key].conversions if unit != row.unit]
        if habit is None:
            return row.unit, known[0] if known else row.unit
        return habit.unit, row.unit

    def _factor(self, row: Laboratory) -> float:
        habit = self._habits.get(row.key)
        return 1.0 if habit is None else habit.factor


def _uploaded(
    minutes: npt.NDArray[np.int64], later: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """When what was measured at home is known; no time of its own where that was at once."""
    return np.where(later > 0, minutes + later, STATIC)


def _turns(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """True in the hours in which `mask` becomes true."""
    before = np.vstack([np.zeros((1, mask.shape[1]), dtype=bool), mask[:-1]])
    return mask & ~before


def _digits(kept: npt.NDArray[Any], decimals: int) -> npt.NDArray[np.float64]:
    """What was kept in single precision, with the digits that were read."""
    return np.asarray(np.round(kept.astype(np.float64), decimals), dtype=np.float64)


def _loinc(key: str) -> str:
    return f"LOINC//{ANALYTES[key].loinc[0]}"


def _atc(key: str) -> str:
    codes = DRUGS[key].atc
    return f"ATC//{codes[0]}" if codes else key


def _culture() -> str:
    return "LOINC//600-7"
