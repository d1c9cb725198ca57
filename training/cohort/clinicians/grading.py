"""The ASTCT grades of CRS and ICANS: the true one, and the one that the clinicians believe in.

Both follow from the same fever, low pressure and support. The true grade knows what caused them;
the clinicians take a fever soon enough after a dose for CRS until an infection is recognised that
began before it.
"""

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
def _grade(feverish, lasting, organs):  # type: ignore[no-untyped-def]
    """Fever opens an episode; while it lasts, organs alone make the grade."""
    if not feverish and not lasting:
        return 0
    return max(1 if feverish else 0, organs)


@inlined
def _true_grade(care, s, organs, hour, policy):  # type: ignore[no-untyped-def]
    """By the greater cause of the fever, and of the leak."""
    if hour == care.any_fever_at and s.fever_of_drive >= s.fever_of_infection and s.drive > 0.05:
        care.fever_at = hour
    care.organs_by_crs = s.leak >= s.leak_of_infection and s.leak > 0.05
    feverish = hour - care.fever_at <= policy.fever_counts_h
    lasting = hour - care.crs_at <= policy.episode_apart_h
    grade = _grade(feverish, lasting, organs if care.organs_by_crs else 0)
    if grade > 0:
        care.crs_at = hour
    return grade


@inlined
def _believed_grade(care, plan, organs, hour, policy):  # type: ignore[no-untyped-def]
    """By what a ward knows: how long ago the dose was, and whether an infection is known."""
    window = policy.crs_after_cells_h if plan.cells else policy.crs_after_dose_h
    plausible = hour - care.dosed_at <= window and not care.blames_infection
    feverish = plausible and hour - care.any_fever_at <= policy.fever_counts_h
    lasting = hour - care.charted_at <= policy.episode_apart_h
    plausible = plausible or (lasting and not care.blames_infection)
    grade = _grade(feverish, lasting, organs if plausible else 0)
    if grade > 0 and care.charted == 0:
        care.episode_since = hour
    if grade > 0:
        care.charted_at = hour
    return grade


@inlined
def grade_crs(care, s, plan, hour, clock, policy):  # type: ignore[no-untyped-def]
    """The grades of this check, whether one is charted, and who belongs in intensive care."""
    if care.temperature >= policy.fever_at:
        care.any_fever_at = hour
    organs = _organ_grade(care, hour, policy)
    care.grade = _true_grade(care, s, organs, hour, policy)
    charted = _believed_grade(care, plan, organs, hour, policy)
    changed = charted != care.charted or (care.admitted and charted > 0)
    care.graded = care.inside and (changed or (clock == MORNING_ROUND and hour > 24))
    care.charted = charted
    needs_icu = care.vasopressors > 0 or care.oxygen_device >= 2
    if needs_icu and not care.icu:
        care.icu_entered = True
    if not needs_icu and care.icu and charted >= 3:
        needs_icu = True
    care.icu = needs_icu
    if charted > 0 or care.icu:
        care.unwell_at = hour


@inlined
def grade_icans(care, s):  # type: ignore[no-untyped-def]
    """ASTCT grade of ICANS from the hidden state: at 1, 2, 4, 8 times the threshold."""
    care.icans = 0
    for threshold in (1.0, 2.0, 4.0, 8.0):
        if s.icans >= threshold:
            care.icans += 1
