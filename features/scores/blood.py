"""Scores of blood values: the EASIX family, CAR-HEMATOTOX, HScore, the Glasgow prognostic score."""

from collections.abc import Callable

import numpy as np

from features.scores.points import HIGH, JUST_ABOVE, LOW, Sign
from features.scores.score import Checked, Score, age, baseline, last, log2_positive, ratio
from features.trajectory import Feature, Statistic

MG_PER_DL_CREATININE = 1 / 88.4  # umol/L -> mg/dL, molar mass 113.12 g/mol
MG_PER_DL_CRP = 0.1  # mg/L -> mg/dL

FRESH_HOURS = 168.0
"""A value older than 7 days is not current (a choice); published EASIX values are of one day."""


def easix(ldh: np.ndarray, creatinine: np.ndarray, platelets: np.ndarray) -> np.ndarray:
    """EASIX as log2: LDH (U/L) x creatinine (umol/L, used as mg/dL) / platelets (10*9/L).

    Luft T et al. Lancet Haematol 2017;4:e414-e423.

    >>> easix(np.array([256.0]), np.array([88.4]), np.array([64.0]))
    array([2.])
    """
    return log2_positive(ratio(ldh * creatinine * MG_PER_DL_CREATININE, platelets))


def modified_easix(ldh: np.ndarray, crp: np.ndarray, platelets: np.ndarray) -> np.ndarray:
    """m-EASIX as log2: LDH (U/L) x CRP (mg/L, used as mg/dL) / platelets (10*9/L).

    Pennisi M et al. Blood Adv 2021;5:3397-3406.

    >>> modified_easix(np.array([256.0]), np.array([10.0]), np.array([64.0]))
    array([2.])
    """
    return log2_positive(ratio(ldh * crp * MG_PER_DL_CRP, platelets))


def simplified_easix(ldh: np.ndarray, platelets: np.ndarray) -> np.ndarray:
    """s-EASIX as log2: LDH (U/L) / platelets (10*9/L). Pennisi M et al., as above.

    >>> simplified_easix(np.array([256.0]), np.array([64.0]))
    array([2.])
    """
    return log2_positive(ratio(ldh, platelets))


LUFT, LUFT_READ_IN = "Luft 2017, Lancet Haematol 4:e414", "10.1182/bloodadvances.2020003885"
PENNISI, PENNISI_DOI = "Pennisi 2021, Blood Adv 5:3397", "10.1182/bloodadvances.2020003885"

EASIX_FAMILY = (
    Score(
        "easix.log2",
        (last("ldh"), last("creatinine"), last("platelets")),
        easix,
        "endothelial activation and stress index",
        LUFT,
        unit="log2",
        low=-np.inf,
        checked=Checked.SECONDARY,
        doi=LUFT_READ_IN,
    ),
    Score(
        "modified_easix.log2",
        (last("ldh"), last("crp"), last("platelets")),
        modified_easix,
        "EASIX with CRP in the place of creatinine",
        PENNISI,
        unit="log2",
        low=-np.inf,
        checked=Checked.PRIMARY,
        doi=PENNISI_DOI,
    ),
)
SIMPLIFIED_EASIX = Score(
    "simplified_easix.log2",
    (last("ldh"), last("platelets")),
    simplified_easix,
    "EASIX without creatinine",
    PENNISI,
    unit="log2",
    low=-np.inf,
    checked=Checked.PRIMARY,
    doi=PENNISI_DOI,
)


def fresh(score: Score) -> Score:
    """The score once more, missing where one of its items is older than `FRESH_HOURS`."""

    def compute(*values: np.ndarray) -> np.ndarray:
        half = len(values) // 2
        old = np.logical_or.reduce([hours > FRESH_HOURS for hours in values[half:]])
        return np.where(old, np.nan, score.compute(*values[:half]))

    return Score(
        f"fresh_{score.name}",
        (*score.inputs, *(age(item.key) for item in score.inputs)),
        compute,
        f"{score.meaning}, every item of the last {FRESH_HOURS / 24:.0f} days",
        score.source,
        unit=score.unit,
        low=score.low,
        high=score.high,
        if_missing=f"missing, also where an item is older than {FRESH_HOURS:.0f} h",
        checked=score.checked,
        doi=score.doi,
    )


EASIX_LIMIT = 4.67
"""Before lymphodepletion: more than this, Korell 2022, doi 10.3389/fimmu.2022.877477 (read), from
this on in EASIX-F (unverified)."""
FERRITIN_LIMIT, CRP_LIMIT = 321.0, 21.0  # ng/mL, mg/L; Greenbaum 2021, unverified


def easix_f_criteria(
    ldh: np.ndarray, creatinine: np.ndarray, platelets: np.ndarray, ferritin: np.ndarray
) -> np.ndarray:
    """How many of EASIX-F's criteria are met: EASIX from 4.67, ferritin from 321 ng/mL."""
    met = [easix(ldh, creatinine, platelets) >= np.log2(EASIX_LIMIT), ferritin >= FERRITIN_LIMIT]
    items = (ldh, creatinine, platelets, ferritin)
    return np.where(_any_missing(*items), np.nan, np.sum(met, axis=0))


def easix_fc_criteria(
    ldh: np.ndarray,
    creatinine: np.ndarray,
    platelets: np.ndarray,
    ferritin: np.ndarray,
    crp: np.ndarray,
) -> np.ndarray:
    """EASIX-F's criteria and CRP from 21 mg/L."""
    met = easix_f_criteria(ldh, creatinine, platelets, ferritin) + (crp >= CRP_LIMIT)
    return np.where(np.isnan(crp), np.nan, met)


def _any_missing(*values: np.ndarray) -> np.ndarray:
    return np.logical_or.reduce([np.isnan(value) for value in values])


HEMATOTOX = (
    Sign("platelets", LOW, (75, 175 + JUST_ABOVE), (2, 1, 0)),
    Sign("neutrophils", LOW, (1.2 + JUST_ABOVE,), (1, 0)),
    Sign("hemoglobin", LOW, (90 + JUST_ABOVE,), (1, 0)),
    Sign("crp", HIGH, (30,), (0, 1)),
    Sign("ferritin", HIGH, (650, 2000 + JUST_ABOVE), (0, 1, 2)),
)
"""10*9/L, 10*9/L, g/L, mg/L, ng/mL. The publication says more and less than each limit; a value
that equals one gets the point (1.2, 90, 30), which tables that cite it do not agree on."""


def car_hematotox(*values: np.ndarray) -> np.ndarray:
    """CAR-HEMATOTOX of values in the order of `HEMATOTOX`; 2 and more is high."""
    points = [sign.award(value) for sign, value in zip(HEMATOTOX, values, strict=True)]
    return np.where(_any_missing(*values), np.nan, np.sum(points, axis=0))


HSCORE = (
    Sign("temperature", HIGH, (38.4, 39.4 + JUST_ABOVE), (0, 33, 49)),
    Sign("ferritin", HIGH, (2000, 6000 + JUST_ABOVE), (0, 35, 50)),
    Sign("triglycerides", HIGH, (1.5, 4 + JUST_ABOVE), (0, 44, 64)),
    Sign("fibrinogen", LOW, (2.5 + JUST_ABOVE,), (30, 0)),
    Sign("ast", HIGH, (30,), (0, 19)),
)
"""Cel (highest of 24 h), ng/mL, mmol/L, g/L, U/L."""
LINEAGES = (
    Sign("hemoglobin", LOW, (92 + JUST_ABOVE,), (1, 0)),
    Sign("wbc", LOW, (5 + JUST_ABOVE,), (1, 0)),
    Sign("platelets", LOW, (110 + JUST_ABOVE,), (1, 0)),
)
LINEAGE_POINTS = np.array([0.0, 0.0, 24.0, 34.0])  # by how many lineages are low
HSCORE_INPUTS = (
    Feature("temperature", Statistic.MAXIMUM, 24),
    *(last(sign.key) for sign in (*HSCORE[1:], *LINEAGES)),
)
HSCORE_MOST = (
    246.0  # of 337: immunosuppression 18, organomegaly 38, haemophagocytosis 35 are not read
)


def hscore(whole: bool) -> Callable[..., np.ndarray]:
    """HScore's routine items in the order of `HSCORE_INPUTS`; `whole` needs them all."""

    def compute(*values: np.ndarray) -> np.ndarray:
        signs, lineages = values[: len(HSCORE)], values[len(HSCORE) :]
        low = np.sum([s.award(v) for s, v in zip(LINEAGES, lineages, strict=True)], axis=0)
        points = np.sum([s.award(v) for s, v in zip(HSCORE, signs, strict=True)], axis=0)
        absent = np.array([np.isnan(value) for value in values])
        missing = absent.any(axis=0) if whole else absent.all(axis=0)
        return np.where(missing, np.nan, points + LINEAGE_POINTS[low.astype(int)])

    return compute


def glasgow_prognostic(crp: np.ndarray, albumin: np.ndarray) -> np.ndarray:
    """Modified Glasgow prognostic score: 1 with CRP > 10 mg/L, 2 with albumin < 35 g/L as well.

    >>> glasgow_prognostic(np.array([10.0, 11.0, 11.0]), np.array([30.0, 35.0, 34.0]))
    array([0., 1., 2.])
    """
    raised = crp > 10.0
    points = raised.astype(float) + (raised & (albumin < 35.0))
    return np.where(_any_missing(crp, albumin), np.nan, points)


EASIX_ITEMS = ("ldh", "creatinine", "platelets")
GREENBAUM = "Greenbaum 2021, Blood Adv 5:2799"
FARDET, FARDET_DOI = "Fardet 2014, Arthritis Rheumatol 66:2613", "10.1002/art.38690"
AT_THE_START = "missing; a value after the start of the course stands in where none was before"

MORE_OF_BLOOD = (
    SIMPLIFIED_EASIX,
    *(fresh(score) for score in (*EASIX_FAMILY, SIMPLIFIED_EASIX)),
    Score(
        "easix_baseline.log2",
        tuple(baseline(key) for key in EASIX_ITEMS),
        easix,
        "EASIX at the start of the course",
        "Korell 2022, Front Immunol 13:877477",
        unit="log2",
        low=-np.inf,
        if_missing=AT_THE_START,
        checked=Checked.PRIMARY,
        doi="10.3389/fimmu.2022.877477",
    ),
    Score(
        "easix_f.criteria",
        tuple(baseline(key) for key in (*EASIX_ITEMS, "ferritin")),
        easix_f_criteria,
        "criteria of EASIX-F met at the start of the course",
        GREENBAUM,
        unit="criteria",
        high=2.0,
        if_missing=AT_THE_START,
        doi="10.1182/bloodadvances.2021004575",
    ),
    Score(
        "easix_fc.criteria",
        tuple(baseline(key) for key in (*EASIX_ITEMS, "ferritin", "crp")),
        easix_fc_criteria,
        "criteria of EASIX-FC met at the start of the course",
        GREENBAUM,
        unit="criteria",
        high=3.0,
        if_missing=AT_THE_START,
        doi="10.1182/bloodadvances.2021004575",
    ),
    Score(
        "car_hematotox.points",
        tuple(baseline(sign.key) for sign in HEMATOTOX),
        car_hematotox,
        "CAR-HEMATOTOX at the start of the course",
        "Rejeski 2021, Blood 138:2499",
        unit="points",
        high=7.0,
        if_missing=AT_THE_START,
        checked=Checked.SECONDARY,
        doi="10.1182/blood.2020010543",
    ),
    Score(
        "routine_hscore.points",
        HSCORE_INPUTS,
        hscore(whole=True),
        "HScore's eight routine items",
        FARDET,
        unit="points",
        high=HSCORE_MOST,
        checked=Checked.SECONDARY,
        doi=FARDET_DOI,
    ),
    Score(
        "partial_hscore.points",
        HSCORE_INPUTS,
        hscore(whole=False),
        "HScore of the routine items that were measured",
        FARDET,
        needs_every_key=False,
        unit="points",
        high=HSCORE_MOST,
        if_missing="an item that was not measured counts as normal; missing where none was",
        checked=Checked.SECONDARY,
        doi=FARDET_DOI,
    ),
    Score(
        "modified_glasgow_prognostic.points",
        (last("crp"), last("albumin")),
        glasgow_prognostic,
        "modified Glasgow prognostic score",
        "Proctor 2011, Br J Cancer 104:726",
        unit="points",
        high=2.0,
        checked=Checked.SECONDARY,
        doi="10.1038/sj.bjc.6606087",
    ),
)
