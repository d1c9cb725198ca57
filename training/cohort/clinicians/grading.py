"""The ASTCT grades of CRS and ICANS."""

from training.cohort.clinicians.care import MORNING_ROUND
from training.cohort.compiled import inlined


@inlined
def _organ_grade(care, hour, policy):  # type: ignore[no-untyped-def]
    """The worse of hypotension and hypoxia (ASTCT 2019), 0 without either."""
    hypotension = 0
    if hour - care.hypotension_at <= policy.hypotension_counts_h:
        hypotension = 2
    if care.vasopressors > 0:
        hypotension = 2 + care.vasopressors
    hypoxia = 0
    if care.oxygen_device > 0:
        hypoxia = min(care.oxygen_device + 1, 4)
    return max(hypotension, hypoxia)


@inlined
def _crs_grade(care, s, hour, policy):  # type: ignore[no-untyped-def]
    """The grade of this check: fever opens an episode, which lasts until all its signs are gone."""
    if care.temperature >= policy.fever_at:
        care.any_fever_at = hour
        if s.fever_of_drive >= s.fever_of_infection and s.drive > 0.05:
            care.fever_at = hour
    feverish = hour - care.fever_at <= policy.fever_counts_h
    organs = _organ_grade(care, hour, policy)
    care.organs_by_crs = s.leak >= s.leak_of_infection and s.leak > 0.05
    grade = 0
    if feverish or hour - care.crs_at <= policy.episode_apart_h:
        if feverish:
            grade = 1
        if care.organs_by_crs:
            grade = max(grade, organs)
    if grade > 0 and care.grade == 0:
        care.episode_since = hour
    if grade > 0:
        care.crs_at = hour
    return grade


@inlined
def grade_crs(care, s, hour, clock, policy):  # type: ignore[no-untyped-def]
    """The grade of this check, whether it is charted, and who belongs in intensive care."""
    grade = _crs_grade(care, s, hour, policy)
    changed = grade != care.grade or (care.admitted and grade > 0)
    care.graded = care.inside and (changed or (clock == MORNING_ROUND and hour > 24))
    care.grade = grade
    needs_icu = care.vasopressors > 0 or care.oxygen_device >= 2
    if needs_icu and not care.icu:
        care.icu_entered = True
    if not needs_icu and care.icu and grade >= 3:
        needs_icu = True
    care.icu = needs_icu
    if grade > 0 or care.icu:
        care.unwell_at = hour


@inlined
def grade_icans(care, s):  # type: ignore[no-untyped-def]
    """ASTCT grade of ICANS from the hidden state: at 1, 2, 4, 8 times the threshold."""
    care.icans = 0
    for threshold in (1.0, 2.0, 4.0, 8.0):
        if s.icans >= threshold:
            care.icans += 1
