"""One measurement over another."""

import numpy as np

from features.scores.score import Checked, Score, age, last, ratio

RATIOS = (
    Score(
        "shock_index.last",
        (last("heart_rate"), last("systolic_bp")),
        ratio,
        "heart rate over systolic pressure",
        "Allgower 1967, Dtsch Med Wochenschr 92:1947",
        unit="/min/mm[Hg]",
        checked=Checked.SECONDARY,
    ),
    Score(
        "pulse_pressure.last",
        (last("systolic_bp"), last("diastolic_bp")),
        lambda systolic, diastolic: systolic - diastolic,
        "systolic less diastolic pressure, mm[Hg]",
        "definition",
        unit="mm[Hg]",
        low=-np.inf,
        checked=Checked.DEFINITION,
    ),
    Score(
        "spo2_fio2.last",
        (last("spo2"), last("fio2")),
        ratio,
        "oxygen saturation (%) over inspired fraction",
        "Rice 2007, Chest 132:410",
        unit="%",
        checked=Checked.SECONDARY,
    ),
    Score(
        "neutrophil_lymphocyte_ratio.last",
        (last("neutrophils"), last("lymphocytes")),
        ratio,
        "neutrophils over lymphocytes",
        "Zahorec 2001, Bratisl Lek Listy 102:5",
        checked=Checked.DEFINITION,
    ),
    Score(
        "crp_albumin_ratio.last",
        (last("crp"), last("albumin")),
        ratio,
        "CRP (mg/L) over albumin (g/L)",
        "Fairclough 2009, Clin Med 9:30",
        unit="mg/g",
        checked=Checked.DEFINITION,
    ),
    Score(
        "urea_creatinine_ratio.last",
        (last("urea"), last("creatinine")),
        ratio,
        "urea (mmol/L) over creatinine (umol/L)",
        "definition",
        unit="mmol/umol",
        checked=Checked.DEFINITION,
    ),
)

FIO2_OF_AIR = 0.21
FIO2_AT_NO_FLOW, FIO2_PER_LITRE = 0.20, 0.04
HIGHEST_LOW_FLOW = 6.0  # L/min
"""A rule of thumb for nasal cannulas (24 % at 1 L/min, 44 % at 6); measured fractions at the same
flow differ by up to a tenth. No primary source was found: unverified."""


def estimated_fio2(
    fio2: np.ndarray,
    fio2_age: np.ndarray,
    flow: np.ndarray,
    flow_age: np.ndarray,
    device: np.ndarray,
    device_age: np.ndarray,
) -> np.ndarray:
    """The fraction of oxygen by the newest of a stated fraction, a flow, or "room air".

    Of the same hour the fraction counts before the flow, the flow before the device. A flow above
    6 L/min says no fraction; a device says one only where it is room air.
    """
    litres = FIO2_AT_NO_FLOW + FIO2_PER_LITRE * flow
    low_flow = np.where(flow <= HIGHEST_LOW_FLOW, litres, np.nan)
    by_flow = np.where(flow > 0.0, low_flow, FIO2_OF_AIR)
    on_air = device == 0.0
    ages = np.array([fio2_age, flow_age, np.where(on_air, device_age, np.nan)])
    said = np.array([fio2, by_flow, np.full_like(fio2, FIO2_OF_AIR)])
    newest = np.argmin(np.where(np.isnan(ages), np.inf, ages), axis=0)
    chosen = np.take_along_axis(said, newest[np.newaxis], axis=0)[0]
    return np.where(np.isnan(ages).all(axis=0), np.nan, chosen)


def estimated_spo2_fio2(spo2: np.ndarray, *oxygen: np.ndarray) -> np.ndarray:
    """Saturation over the estimated fraction, see `estimated_fio2`."""
    return ratio(spo2, estimated_fio2(*oxygen))


MORE_RATIOS = (
    Score(
        "estimated_spo2_fio2.ratio",
        (
            last("spo2"),
            *(shape(key) for key in ("fio2", "oxygen_flow", "oxygen_device")
              for shape in (last, age)),
        ),
        estimated_spo2_fio2,
        "oxygen saturation (%) over inspired fraction, that of a low flow estimated",
        "Rice 2007, Chest 132:410; the fraction by a rule of thumb",
        needs_every_key=False,
        unit="%",
        if_missing="missing; a stated fraction, a flow to 6 L/min or room air gives the fraction",
    ),
    Score(
        "systemic_immune_inflammation.index",
        (last("platelets"), last("neutrophils"), last("lymphocytes")),
        lambda platelets, neutrophils, lymphocytes: ratio(platelets * neutrophils, lymphocytes),
        "platelets x neutrophils over lymphocytes",
        "Hu 2014, Clin Cancer Res 20:6212",
        unit="10*9/L",
    ),
    Score(
        "ferritin_crp.ratio",
        (last("ferritin"), last("crp")),
        ratio,
        "ferritin (ng/mL) over CRP (mg/L)",
        "definition",
        unit="ug/mg",
        checked=Checked.DEFINITION,
    ),
)  # fmt: skip
