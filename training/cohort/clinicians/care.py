"""Everything that the ward holds about a virtual patient, a field each."""

import numpy as np
import numpy.typing as npt

from training.cohort.parameters import HOURS_BEFORE_FIRST_DOSE
from training.cohort.people import People

NEVER = -9999
MORNING_ROUND = 8  # o'clock: everybody in hospital is seen and graded
OXYGEN_DEVICES = ("room_air", "nasal_cannula", "high_flow", "cpap", "ventilator")
ANTIMICROBIALS = ("", "piperacillin_tazobactam", "meropenem", "ganciclovir", "caspofungin")
CARE = np.dtype(
    [
        # place
        ("inside", np.bool_),
        ("icu", np.bool_),
        ("admitted", np.bool_),  # in this very hour, as the next three
        ("discharged", np.bool_),
        ("icu_entered", np.bool_),
        ("visit", np.bool_),
        ("watch_until", np.int64),
        ("arrives_at", np.int64),
        ("unwell_at", np.int64),
        # therapy
        ("next_dose", np.int64),
        ("next_dose_at", np.int64),
        ("dose", np.float64),  # in the product's unit
        ("therapy", np.float64),  # fraction of the full dose reaching the body
        ("infused_at", np.int64),
        ("depleted_at", np.int64),
        ("dosed_at", np.int64),
        ("planned_at", np.int64),  # of the next dose, before it was put off
        ("late_h", np.int64),  # after the planned hour of the day
        # measured
        ("checked", np.bool_),
        ("temperature", np.float64),
        ("systolic", np.float64),
        ("diastolic", np.float64),
        ("heart_rate", np.float64),
        ("breaths", np.float64),
        ("saturation", np.float64),
        # support
        ("vasopressors", np.int64),
        ("vasopressors_since", np.int64),
        ("norepinephrine", np.float64),  # ug/kg/min
        ("vasopressor_changed", np.bool_),
        ("fluid", np.float64),  # mm[Hg]
        ("oxygen_device", np.int64),  # see OXYGEN_DEVICES
        ("oxygen_since", np.int64),
        ("oxygen_flow", np.float64),  # L/min
        ("oxygen_changed", np.bool_),
        # CRS
        ("any_fever_at", np.int64),
        ("fever_at", np.int64),
        ("hypotension_at", np.int64),
        ("organs_by_crs", np.bool_),
        ("episode_since", np.int64),
        ("crs_at", np.int64),
        ("grade", np.int64),  # the true one
        ("charted", np.int64),  # what the clinicians believe
        ("charted_at", np.int64),
        ("graded", np.bool_),  # charted in this very hour
        ("icans", np.int64),  # ASTCT grade of ICANS
        # medication of this hour, mg; and when last
        ("tocilizumab", np.float64),
        ("tocilizumab_at", np.int64),
        ("tocilizumab_count", np.int64),
        ("siltuximab", np.float64),
        ("siltuximab_at", np.int64),
        ("anakinra", np.float64),
        ("anakinra_at", np.int64),
        ("crp_today", np.float64),  # as known, mg/L
        ("crp_yesterday", np.float64),
        ("dexamethasone", np.float64),
        ("steroid_at", np.int64),
        ("steroids", np.bool_),
        ("paracetamol", np.float64),
        ("paracetamol_at", np.int64),
        ("methylprednisolone", np.float64),
        ("methylprednisolone_at", np.int64),
        ("g_csf", np.float64),
        ("immunoglobulin", np.float64),  # g
        ("immunoglobulin_at", np.int64),
        ("prophylaxis", np.bool_),
        # infection care
        ("culture", np.bool_),
        ("culture_at", np.int64),
        ("antimicrobial", np.int64),  # running drug, see ANTIMICROBIALS; 0 none
        ("antimicrobial_given", np.bool_),
        ("antimicrobial_since", np.int64),
        ("known_infection", np.bool_),
        ("blames_infection", np.bool_),  # for fever, not CRS
        ("documented", np.int64),  # kind of infection, in this very hour; 0 none
        ("documented_onset", np.int64),
        ("effective", np.float64),
    ]
)
_LAST = {
    "arrives_at": NEVER,
    "unwell_at": NEVER,
    "infused_at": -1,
    "dosed_at": NEVER,
    "charted_at": NEVER,
    "methylprednisolone_at": NEVER,
    "immunoglobulin_at": NEVER,
    "depleted_at": -1,
    "watch_until": NEVER,
    "vasopressors_since": NEVER,
    "oxygen_since": NEVER,
    "any_fever_at": NEVER,
    "fever_at": NEVER,
    "hypotension_at": NEVER,
    "episode_since": NEVER,
    "crs_at": NEVER,
    "tocilizumab_at": NEVER,
    "steroid_at": NEVER,
    "siltuximab_at": NEVER,
    "anakinra_at": NEVER,
    "paracetamol_at": NEVER,
    "culture_at": NEVER,
    "antimicrobial_since": NEVER,
}


def care_at_start(people: People, schedules: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    """Nobody is in hospital, nothing was given, the first dose is planned."""
    care = np.zeros(len(people.keys), dtype=CARE)
    for name, value in _LAST.items():
        care[name] = value
    first = schedules["at"][people.persons["product"], 0]
    care["next_dose_at"] = HOURS_BEFORE_FIRST_DOSE + first.astype(np.int64)
    care["planned_at"] = care["next_dose_at"]
    return care
