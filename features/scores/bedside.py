"""NEWS2, qSOFA, SIRS and SOFA: whole where every item was measured, partial where not."""

from collections.abc import Callable

import numpy as np

from features.scores.points import (
    BOTH,
    HIGH,
    JUST_ABOVE,
    LOW,
    Item,
    Sign,
    columns_of_items,
    most_points,
    total_of_all,
    total_of_measured,
)
from features.scores.score import Checked, Score, age, age_in_years, last, ratio

RESPIRATION: Item = (Sign("respiratory_rate", BOTH, (8 + JUST_ABOVE, 12, 21, 25), (3, 1, 0, 2, 3)),)
SATURATION: Item = (Sign("spo2", LOW, (92, 94, 96), (3, 2, 1, 0)),)
OXYGEN: Item = (
    Sign("fio2", HIGH, (0.21 + JUST_ABOVE,), (0, 2)),
    Sign("oxygen_flow", HIGH, (JUST_ABOVE,), (0, 2)),
    Sign("oxygen_device", HIGH, (1,), (0, 2)),
)
CIRCULATION: tuple[Item, ...] = (
    (Sign("systolic_bp", BOTH, (90 + JUST_ABOVE, 101, 111, 220), (3, 2, 1, 0, 3)),),
    (Sign("heart_rate", BOTH, (40 + JUST_ABOVE, 51, 91, 111, 131), (3, 1, 0, 1, 2, 3)),),
    (
        Sign(
            "temperature",
            BOTH,
            (35 + JUST_ABOVE, 36 + JUST_ABOVE, 38 + JUST_ABOVE, 39 + JUST_ABOVE),
            (3, 1, 0, 1, 2),
        ),
    ),
)
NEWS2 = (RESPIRATION, SATURATION, OXYGEN, *CIRCULATION)
CONSCIOUSNESS: Item = (Sign("gcs_total", LOW, (15,), (3, 0)),)
"""NEWS2 asks for alert or not; a Glasgow coma scale below 15 is read as not alert (a choice)."""
NEWS2_WHOLE = (*NEWS2, CONSCIOUSNESS)
NEWS2_FROM_YEARS = 16.0  # Royal College of Physicians 2017: not for children

ON_AIR = Sign("spo2", LOW, (84, 86, 88), (3, 2, 1, 0))
ON_OXYGEN = Sign("spo2", LOW, (84, 86, 88, 93, 95, 97), (3, 2, 1, 0, 1, 2, 3))
"""NEWS2's second scale of saturation, for a prescribed target of 88 to 92 % alone."""
NEWS2_BESIDE_SATURATION = (RESPIRATION, OXYGEN, *CIRCULATION, CONSCIOUSNESS)

QSOFA: tuple[Item, ...] = (
    (Sign("respiratory_rate", HIGH, (22,), (0, 1)),),
    (Sign("systolic_bp", LOW, (100 + JUST_ABOVE,), (1, 0)),),
)
QSOFA_WHOLE = (*QSOFA, (Sign("gcs_total", LOW, (15,), (1, 0)),))
SIRS: tuple[Item, ...] = (
    (Sign("temperature", BOTH, (36, 38 + JUST_ABOVE), (1, 0, 1)),),
    (Sign("heart_rate", HIGH, (90 + JUST_ABOVE,), (0, 1)),),
    (Sign("respiratory_rate", HIGH, (20 + JUST_ABOVE,), (0, 1)),),
    (Sign("wbc", BOTH, (4, 12 + JUST_ABOVE), (1, 0, 1)),),
)
SIRS_WHOLE = (
    *SIRS[:2],
    (*SIRS[2], Sign("paco2", LOW, (32,), (1, 0))),
    SIRS[3],
)
SOFA: tuple[Item, ...] = (
    (Sign("mean_arterial_pressure", LOW, (70,), (1, 0)),),
    (Sign("creatinine", HIGH, (106, 176.5, 309, 441.5), (0, 1, 2, 3, 4)),),
    (Sign("bilirubin_total", HIGH, (20, 33, 102, 205), (0, 1, 2, 3, 4)),),
    (Sign("platelets", LOW, (20, 50, 100, 150), (4, 3, 2, 1, 0)),),
)
"""Items of one or more signs, of which the worst counts. SOFA's creatinine in umol/L is bounded so
that 1.2, 2.0, 3.5 and 5.0 mg/dL (the publication's own limits) fall where they belong; the rounded
limits printed beside them (110, 171, 300, 440) would move 1.2 and 3.4 mg/dL."""
SOFA_CONSCIOUSNESS: tuple[Item, ...] = (
    (Sign("gcs_total", LOW, (6, 10, 13, 15), (4, 3, 2, 1, 0)),),
)
SUPPORTED_FROM = 4.0  # oxygen device: positive pressure

RCP = "Royal College of Physicians 2017"
SINGER, SINGER_DOI = "Singer 2016, JAMA 315:801", "10.1001/jama.2016.0287"
BONE = "Bone 1992, Chest 101:1644"
VINCENT = "Vincent 1996, Intensive Care Med 22:707"

PARTIAL_SCORES = (
    ("partial_news2", NEWS2, "NEWS2 without consciousness", RCP, None),
    ("partial_qsofa", QSOFA, "qSOFA without mentation", SINGER, SINGER_DOI),
    ("partial_sirs", SIRS, "SIRS without PaCO2", BONE, None),
    ("partial_sofa", SOFA, "SOFA of circulation, kidney, liver and coagulation", VINCENT, None),
)
"""Name, items, meaning, source, DOI. "Partial": a sign that was not measured counts as normal, as
SOFA's authors do, so that the score exists wherever one of its signs does."""
ONE_IS_ENOUGH = "an item that was not measured counts as normal; missing where none was"

PARTIAL = tuple(
    Score(
        f"{name}.{'last' if hours is None else f'worst_{hours}h'}",
        columns_of_items(items, hours),
        total_of_measured(items, hours),
        meaning,
        source,
        needs_every_key=False,
        unit="points",
        high=most_points(items),
        if_missing=ONE_IS_ENOUGH,
        checked=Checked.UNVERIFIED if items is QSOFA else Checked.SECONDARY,
        doi=doi,
    )
    for name, items, meaning, source, doi in PARTIAL_SCORES
    for hours in (None, 12, 24)
)


def adults_alone(total: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """A total that is missing below `NEWS2_FROM_YEARS`; takes hours since birth and stated age
    before the total's own values. An unknown age counts as an adult's."""

    def of_adults(birth: np.ndarray, stated: np.ndarray, *values: np.ndarray) -> np.ndarray:
        child = age_in_years(birth, stated) < NEWS2_FROM_YEARS
        return np.where(child, np.nan, total(*values))

    return of_adults


_BESIDE_SATURATION = total_of_all(NEWS2_BESIDE_SATURATION)


def news2_second_scale(spo2: np.ndarray, *others: np.ndarray) -> np.ndarray:
    """NEWS2 by its second scale of saturation; `others` in the order of `NEWS2_BESIDE_SATURATION`.

    Oxygen stands behind the respiratory rate, so its points come from the values 1 to 3.
    """
    treated = np.maximum.reduce(
        [sign.award(value) for sign, value in zip(OXYGEN, others[1:4], strict=True)]
    )
    saturation = np.where(treated > 0, ON_OXYGEN.award(spo2), ON_AIR.award(spo2))
    return _BESIDE_SATURATION(*others) + np.where(np.isnan(spo2), np.nan, saturation)


def sofa_respiration(pao2: np.ndarray, fio2: np.ndarray, device: np.ndarray) -> np.ndarray:
    """SOFA's points of PaO2/FiO2 (mm[Hg]): 3 and 4 need support by positive pressure.

    Without a known device there is none, so 2 is the most.

    >>> sofa_respiration(np.array([60.0, 60.0]), np.array([0.8, 0.8]), np.array([1.0, 5.0]))
    array([2., 4.])
    """
    index = ratio(pao2, fio2) + JUST_ABOVE  # float32 puts 80 / 0.2 below 400
    points = (index < 400).astype(float) + (index < 300)
    supported = device >= SUPPORTED_FROM
    points += supported * ((index < 200).astype(float) + (index < 100))
    return np.where(np.isnan(index), np.nan, points)


BIRTH_AND_AGE = (age("birth"), last("age"))
CHILDREN = "missing where an item is, and below 16 years (an unknown age counts as adult)"

WHOLE = (
    Score(
        "news2.points",
        (*BIRTH_AND_AGE, *columns_of_items(NEWS2_WHOLE, None)),
        adults_alone(total_of_all(NEWS2_WHOLE)),
        "NEWS2",
        RCP,
        needs_every_key=False,
        unit="points",
        high=most_points(NEWS2_WHOLE),
        if_missing=CHILDREN,
        checked=Checked.SECONDARY,
    ),
    Score(
        "news2_scale_2.points",
        (*BIRTH_AND_AGE, last("spo2"), *columns_of_items(NEWS2_BESIDE_SATURATION, None)),
        adults_alone(news2_second_scale),
        "NEWS2 for a prescribed saturation of 88 to 92 %",
        RCP,
        needs_every_key=False,
        unit="points",
        high=most_points(NEWS2_WHOLE),
        if_missing=CHILDREN,
        checked=Checked.SECONDARY,
    ),
    Score(
        "qsofa.points",
        columns_of_items(QSOFA_WHOLE, None),
        total_of_all(QSOFA_WHOLE),
        "qSOFA",
        SINGER,
        unit="points",
        high=3.0,
        checked=Checked.UNVERIFIED,
        doi=SINGER_DOI,
    ),
    Score(
        "sirs.points",
        columns_of_items(SIRS_WHOLE, None),
        total_of_all(SIRS_WHOLE),
        "SIRS without band forms",
        BONE,
        needs_every_key=False,
        unit="points",
        high=4.0,
        if_missing="missing; respiratory rate or PaCO2 is enough",
        checked=Checked.SECONDARY,
    ),
    Score(
        "sofa_respiration.points",
        (last("pao2"), last("fio2"), last("oxygen_device")),
        sofa_respiration,
        "SOFA of respiration",
        VINCENT,
        needs_every_key=False,
        unit="points",
        high=4.0,
        if_missing="missing; an unknown device counts as no positive pressure",
        checked=Checked.SECONDARY,
    ),
    Score(
        "sofa_consciousness.points",
        columns_of_items(SOFA_CONSCIOUSNESS, None),
        total_of_all(SOFA_CONSCIOUSNESS),
        "SOFA of the central nervous system",
        VINCENT,
        unit="points",
        high=4.0,
        checked=Checked.SECONDARY,
    ),
)
"""Scores of which every item must have been measured, by their latest values."""
