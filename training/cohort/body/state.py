"""Everything that changes in a virtual body, a field each."""

import numpy as np
import numpy.typing as npt

from training.cohort.laboratories import IL6
from training.cohort.people import People

STATE = np.dtype(
    [
        # therapy
        ("depot", np.float64),  # fraction of the full dose under the skin
        ("lymph", np.float64),  # on its way to the blood, fraction of the full dose
        ("drug", np.float64),  # fraction of the full dose in the blood
        ("cells", np.float64),  # CAR-T cells, fraction of their peak
        ("antigen", np.float64),  # fraction left
        ("adaptation", np.float64),  # occupancy to which T cells have grown used
        ("occasion", np.float64),  # how this dose finds the T cells, standard normal
        ("mood", np.float64),  # of T cells and macrophages, hours to days: what no state tells
        ("stimulus", np.float64),
        ("activation", np.float64),
        (
            "drive",
            np.float64,
        ),  # cytokine drive: about 1 gives fever, 3 hypotension, above 10 severe
        ("lymphodepletion", np.float64),  # 0 to 1
        ("depletion", np.float64),  # plasma and B cells lost, 0 to 1
        # medication
        ("aplasia", np.float64),  # immunity lost with plasma and B cells, weeks late, 0 to 1
        ("tocilizumab", np.float64),  # mg/L
        ("blocked", np.float64),  # share of IL-6 receptors blocked, 0 to 1
        ("siltuximab", np.float64),  # mg/L
        ("siltuximab_tissue", np.float64),  # counted in the volume of the blood, mg/L
        ("bound", np.float64),  # share of IL-6 bound by siltuximab, 0 to 1
        ("anakinra", np.float64),  # mg
        ("dexamethasone", np.float64),  # mg at the site of effect
        ("paracetamol", np.float64),  # g
        ("g_csf", np.float64),  # effect
        # signals
        ("il6", np.float64),  # above the rest, as produced, pg/mL
        ("il6_measured", np.float64),  # with the clearance lost under tocilizumab, pg/mL
        ("acute_phase", np.float64),
        ("slow", np.float64),
        ("worst_slow", np.float64),  # slow inflammation, remembered for weeks
        ("brain", np.float64),  # drive as the brain feels it, days late
        ("icans", np.float64),  # above 1 shows
        ("marrow", np.float64),
        ("proliferating", np.float64),  # granulopoiesis by transit, 1 at rest
        ("maturing", np.float64, (3,)),
        ("circulating", np.float64),
        ("counts", np.float64),  # slow swings of the blood counts, log
        ("lymphopenia", np.float64),  # lymphocytes killed by lymphodepletion, 1 to 0
        ("barrier", np.float64),  # skin and mucosa broken, 1 to 0
        ("hlh", np.float64),  # haemophagocytosis, 0 to about 1
        ("immunoglobulin", np.float64),  # given, g/L of IgG
        ("igg_given", np.float64),  # of it in the level of IgG
        ("leak", np.float64),
        ("leak_of_infection", np.float64),
        ("fever_of_drive", np.float64),  # K
        ("fever_of_infection", np.float64),  # K
        ("temperature", np.float64),
        ("wander", np.float64),  # slow noise of the pressure, mm[Hg]
        ("systolic", np.float64),  # without vasopressors
        ("saturation", np.float64),  # on room air
        ("heart_rate", np.float64),
        ("breaths", np.float64),
        # infection
        ("burden", np.float64),  # 0, or about 0.02 to 2
        ("size", np.float64),  # burden that this infection tends to
        ("growing_h", np.float64),  # since it began
        ("apparent_h", np.float64),  # since signs appeared; 0 while hidden
        ("infection", np.int64),  # kind: 0 none, see infections.KINDS
        ("doubling_h", np.float64),  # of this infection
        ("crp_share", np.float64),  # how much of its burden CRP answers to
        ("procalcitonin_share", np.float64),
        ("severe_infection", np.bool_),
        ("infections", np.int64),  # apparent so far
        ("onset", np.bool_),  # in this very hour
        ("covered_h", np.float64),  # of effective treatment
        ("alive", np.bool_),
    ]
)


def state_at_rest(people: People) -> npt.NDArray[np.void]:
    """The state of healthy-for-them people before any therapy."""
    state = np.zeros(len(people.keys), dtype=STATE)
    for name in ("antigen", "proliferating", "maturing", "circulating"):
        state[name] = 1.0
    state["alive"] = True
    state["temperature"] = people.persons["temperature"]
    state["systolic"] = people.persons["systolic"]
    state["saturation"] = people.persons["saturation"]
    state["heart_rate"] = people.persons["heart_rate"]
    state["breaths"] = people.persons["breaths"]
    state["il6_measured"] = people.rest[:, IL6]
    return state
