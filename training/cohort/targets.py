"""The published figures that the cohort must reproduce: the measuring rod.

Each target names its study, its figure, the number of patients it rests on, and its source. It is
inside where the simulated value lies within the source's own 95 % interval: as printed, else
Wilson's for a percentage of n, else 30 % either way for medians and ratios.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from training.cohort import measures as m
from training.cohort.experiments import ONE_BODY

READ, MEASURED = "read", "measured"


class Verdict(StrEnum):
    """Where a simulated value lies."""

    INSIDE = "inside"
    NEAR = "near"  # outside, and within twice the interval
    OUTSIDE = "outside"


@dataclass(frozen=True)
class Target:
    """One published figure; `value` in the unit that `measure` gives."""

    key: str
    study: str
    figure: str
    value: float
    measure: m.Measure
    source: str
    n: int | None = None
    printed: tuple[float, float] | None = None
    status: str = READ

    @property
    def interval(self) -> tuple[float, float]:
        """The source's 95 % interval."""
        if self.printed is not None:
            return self.printed
        if self.n is not None:
            return wilson(self.value, self.n)
        most = 1.0 if "AUROC" in self.figure else np.inf
        return 0.7 * self.value, min(1.3 * self.value, most)

    def verdict(self, simulated: float) -> Verdict:
        """Where `simulated` lies; NaN is outside."""
        low, high = self.interval
        if low <= simulated <= high:
            return Verdict.INSIDE
        wider = self.value - 2.0 * (self.value - low), self.value + 2.0 * (high - self.value)
        return Verdict.NEAR if wider[0] <= simulated <= wider[1] else Verdict.OUTSIDE


def wilson(percent: float, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a percentage of `n` (Wilson 1927, J Am Stat Assoc 22:209).

    >>> [round(bound, 1) for bound in wilson(72.1, 165)]
    [64.8, 78.4]
    """
    z, p = 1.959964, percent / 100.0
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(p * (1 - p) / n + z * z / (4.0 * n * n)) / (1 + z * z / n)
    return 100.0 * float(max(middle - half, 0.0)), 100.0 * float(middle + half)


def _rates(
    prefix: str, where: str, source: str, n: int, *rows: tuple[int, str, float, m.Measure]
) -> tuple[Target, ...]:
    """Percentages of the same `n` patients of one source."""
    return tuple(
        Target(f"{prefix}{number:02d}", where, figure, value, measure, source, n)
        for number, figure, value, measure in rows
    )


def _figures(
    prefix: str, where: str, source: str, *rows: tuple[int, str, float, m.Measure]
) -> tuple[Target, ...]:
    """Medians and ratios of one source: 30 % either way."""
    return tuple(
        Target(f"{prefix}{number:02d}", where, figure, value, measure, source)
        for number, figure, value, measure in rows
    )


_LABEL = "US prescribing information"
_MAJESTEC = "PMID 36991547 (Cancer 2023;129:2035)"
_NOOKA = "Nooka 2024, PMID 37960969"
_HILL = "Hill 2018, Blood 131:121 (PMC5755046)"
_CIBMTR = "CIBMTR report, ASTCT grades"
_WALLACH = "Wallach, Interpretation of Diagnostic Tests"
_ZUMA1, _ZUMA2 = f"axi-cel {_LABEL}", f"brexu-cel {_LABEL}"
_CD22 = "counted in the 59 public patients of Lichtenstein 2021, doi 10.1182/blood.2021011898"
_PROPHYLAXIS = "doi 10.1182/bloodadvances.2025016911"

TARGETS: tuple[Target, ...] = (
    *_rates(
        "T", "majestec_1", _MAJESTEC, 165,
        (1, "CRS, %", 72.1, m.crs_any),
        (2, "worst grade 1, %", 50.3, m.worst_grade(1)),
        (3, "worst grade 2, %", 21.2, m.worst_grade(2)),
        (4, "grade >= 3, %", 0.6, m.grade_3),
        (5, "two events or more, %", 33.3, m.more_than_one_event),
    ),
    Target("T06", "majestec_1", "second event, tocilizumab at the first, %", 20.0,
           m.recurrence(True), _MAJESTEC, 45),
    Target("T07", "majestec_1", "second event, no tocilizumab at the first, %", 62.2,
           m.recurrence(False), _MAJESTEC, 74),
    *_rates(
        "T", "teclistamab_practice", "multicentre series, conference abstract", 201,
        (11, "CRS, %", 50.2, m.crs_any),
        (12, "grade >= 3, %", 2.0, m.grade_3),
    ),
    Target("T15", "bcma_prophylaxis", "ICANS, %", 5.9, m.share("icans"), _PROPHYLAXIS,
           printed=(2.4, 11.7)),
    *_rates(
        "T", "bcma_outpatient", "PMID 40345961", 52,
        (16, "CRS, prophylaxis, at home, %", 19.2, m.crs_any),
        (17, "in hospital with CRS, %", 7.7, m.share("in_hospital_with_crs")),
    ),
    *_rates("T", "teclistamab_before_dose_2", "ASH 2023 abstract", 33,
            (18, "CRS, tocilizumab before dose 2, %", 30.3, m.crs_any)),
    *_rates("T", "majestec_1", "ASH 2023 abstract, the same centre", 15,
            (19, "CRS without prophylaxis, %", 73.3, m.crs_any)),
    *_rates(
        "T", "cd20_practice", "ASH abstract, 14 institutions", 244,
        (45, "CRS, %", 32.0, m.crs_any),
        (46, "grade >= 3, %", 5.0, m.grade_3),
    ),
    Target("T10", "teclistamab_practice", "CRS, %", 51.0, m.crs_any,
           "Blood 2024;144 suppl 6946", printed=(44.0, 58.0)),
    Target("T13", "bcma_prophylaxis", "CRS under prophylactic tocilizumab, %", 10.1, m.crs_any,
           _PROPHYLAXIS, printed=(5.3, 17.0)),
    Target("T14", "bcma_prophylaxis", "grade >= 3 under prophylactic tocilizumab, %", 0.0,
           m.grade_3, _PROPHYLAXIS, 119),
    *_rates(
        "T", "monumental_1", f"talquetamab {_LABEL}", 339,
        (20, "CRS, %", 76.0, m.crs_any),
        (21, "worst grade 1, %", 57.0, m.worst_grade(1)),
        (22, "worst grade 2, %", 17.0, m.worst_grade(2)),
        (23, "grade >= 3, %", 1.5, m.grade_3),
        (24, "two events or more, %", 30.0, m.more_than_one_event),
    ),
    *_rates(
        "T", "monumental_1", f"talquetamab {_LABEL}, every two weeks", 153,
        (25, "CRS after step-up dose 1, %", 29.0, m.after_dose(1)),
        (26, "CRS after step-up dose 2, %", 44.0, m.after_dose(2)),
        (27, "CRS after step-up dose 3, %", 33.0, m.after_dose(3)),
    ),
    *_figures(
        "T", "monumental_1", f"talquetamab {_LABEL}",
        (28, "onset after the latest dose, median h", 27.0, m.onset_from_dose_h),
        (29, "duration, median h", 17.0, m.event_hours),
    ),
    *_rates(
        "T", "magnetismm_3", "ASH Clinical News 7663", 183,
        (30, "CRS after step-up dose 1, %", 43.0, m.after_dose(1)),
        (31, "CRS after step-up dose 2, %", 19.0, m.after_dose(2)),
    ),
    *_rates("T", "epcore_nhl_1", "PMID 39322711", 157, (36, "CRS, %", 51.0, m.crs_any)),
    *_rates(
        "T", "go29781", f"mosunetuzumab {_LABEL}", 218,
        (41, "CRS, %", 39.0, m.crs_any),
        (42, "worst grade 1, %", 28.0, m.worst_grade(1)),
        (43, "worst grade 2, %", 15.0, m.worst_grade(2)),
        (44, "grade >= 3, %", 2.5, m.grade_3),
    ),
    *_rates(
        "T", "dellphi", f"tarlatamab {_LABEL}", 187,
        (50, "CRS, %", 55.0, m.crs_any),
        (51, "worst grade 1, %", 34.0, m.worst_grade(1)),
        (52, "worst grade 2, %", 19.0, m.worst_grade(2)),
        (53, "grade >= 3, %", 1.6, m.grade_3),
        (54, "CRS after dose 1, %", 43.0, m.after_dose(1)),
        (55, "CRS after dose 2, %", 29.0, m.after_dose(2)),
        (56, "CRS after dose 3 or later, %", 9.0, m.after_dose(3, later=True)),
    ),
    *_figures(
        "T", "dellphi", f"tarlatamab {_LABEL}",
        (57, "onset after the latest dose, median h", 13.5, m.onset_from_dose_h),
    ),
    *_rates(
        "T", "zuma_1", f"{_ZUMA1}, ZUMA-1", 108,
        (60, "CRS, %", 94.0, m.crs_any),
        (61, "grade >= 3 (Lee), %", 13.0, m.lee_grade_3),
    ),
    *_figures(
        "T", "zuma_1", f"{_ZUMA1}, ZUMA-1",
        (62, "onset, median day", 2.0, m.onset_day),
        (63, "duration, median d", 7.0, m.duration_days),
    ),
    *_rates(
        "T", "zuma_1", f"{_ZUMA1}, ZUMA-1", 101,
        (64, "fever among CRS, %", 78.0, m.fever_among_crs),
        (65, "hypotension among CRS, %", 41.0, m.among_crs("hypotension")),
        (66, "hypoxia among CRS, %", 22.0, m.among_crs("hypoxia")),
    ),
    *_rates(
        "T", "zuma_5", f"{_ZUMA1}, ZUMA-5", 146,
        (67, "CRS, %", 84.0, m.crs_any),
        (68, "grade >= 3 (Lee), %", 8.0, m.lee_grade_3),
    ),
    *_figures(
        "T", "zuma_5", f"{_ZUMA1}, ZUMA-5",
        (69, "onset, median day", 4.0, m.onset_day),
        (70, "duration, median d", 6.0, m.duration_days),
    ),
    *_rates(
        "T", "descar_t", "DESCAR-T, doi 10.1186/s13045-024-01579-w", 925,
        (71, "CRS, %", 84.1, m.crs_any),
        (72, "grade >= 3, %", 8.0, m.grade_3),
    ),
    *_rates(
        "T", "zuma_2", f"{_ZUMA2}, ZUMA-2", 82,
        (73, "CRS, %", 91.0, m.crs_any),
        (74, "grade >= 3 (Lee), %", 18.0, m.lee_grade_3),
    ),
    *_figures(
        "T", "zuma_2", f"{_ZUMA2}, ZUMA-2",
        (75, "onset, median day", 3.0, m.onset_day),
        (76, "duration, median d", 10.0, m.duration_days),
    ),
    *_rates(
        "T", "zuma_2", f"{_ZUMA2}, ZUMA-2", 75,
        (77, "fever among CRS, %", 93.0, m.fever_among_crs),
        (78, "hypotension among CRS, %", 62.0, m.among_crs("hypotension")),
        (79, "hypoxia among CRS, %", 31.0, m.among_crs("hypoxia")),
    ),
    Target("T80", "cibmtr_mcl", "CRS, %", 89.0, m.crs_any, _CIBMTR, printed=(86.0, 92.0)),
    Target("T81", "cibmtr_mcl", "grade >= 3, %", 11.0, m.grade_3, _CIBMTR, printed=(8.0, 14.0)),
    *_figures(
        "T", "cibmtr_mcl", _CIBMTR,
        (82, "onset, median day", 5.0, m.onset_day),
        (83, "duration, median d", 6.0, m.duration_days),
    ),
    *_rates(
        "T", "eliana", f"tisagenlecleucel {_LABEL} 2018, ELIANA", 68,
        (84, "CRS, %", 79.0, m.crs_any),
        (85, "grade >= 3 (Penn), %", 49.0, m.penn_grade_3),
    ),
    *_figures(
        "T", "eliana", f"tisagenlecleucel {_LABEL} 2018, ELIANA",
        (86, "onset, median day", 3.0, m.onset_day),
        (87, "duration, median d", 8.0, m.duration_days),
    ),
    Target("T88", "eliana", "tocilizumab among CRS, %", 50.0, m.among_crs("tocilizumab"),
           f"tisagenlecleucel {_LABEL} 2018, ELIANA", 54),
    *_rates(
        "T", "juliet", f"tisagenlecleucel {_LABEL} 2018, JULIET", 106,
        (89, "CRS, %", 74.0, m.crs_any),
        (90, "grade >= 3 (Penn), %", 23.0, m.penn_grade_3),
    ),
    *_rates("T", "cibmtr_dlbcl", _CIBMTR, 703, (91, "CRS, %", 57.5, m.crs_any),
            (98, "ICANS, %", 22.2, m.share("icans"))),
    *_rates(
        "T", "cibmtr_dlbcl", _CIBMTR, 404,
        (92, "grade >= 3 among CRS, %", 16.4, m.grade_3_among_crs),
        (95, "tocilizumab among CRS, %", 53.0, m.among_crs("tocilizumab")),
        (96, "steroids among CRS, %", 15.3, m.among_crs("steroid")),
        (97, "siltuximab among CRS, %", 5.2, m.among_crs("siltuximab")),
    ),
    *_figures(
        "T", "cibmtr_dlbcl", _CIBMTR,
        (93, "onset, median day", 5.0, m.onset_day),
        (94, "duration, median d", 6.0, m.duration_days),
    ),
    *_rates(
        "T", "cibmtr_children", _CIBMTR, 471,
        (99, "CRS, %", 59.0, m.crs_any),
        (100, "grade >= 3, %", 18.7, m.grade_3),
    ),
    *_rates(
        "T", "felix", f"obe-cel {_LABEL}, FELIX", 100,
        (101, "CRS, %", 75.0, m.crs_any),
        (102, "grade >= 3, %", 3.0, m.grade_3),
    ),
    *_figures(
        "T", "felix", f"obe-cel {_LABEL}, FELIX",
        (103, "onset, median day", 8.0, m.onset_day),
        (104, "duration, median d", 5.0, m.duration_days),
    ),
    *_rates(
        "T", "karmma", f"ide-cel {_LABEL}, KarMMa", 127,
        (105, "CRS, %", 85.0, m.crs_any),
        (106, "grade >= 3, %", 9.0, m.lee_grade_3),
    ),
    *_figures(
        "T", "karmma", f"ide-cel {_LABEL}, KarMMa",
        (107, "onset, median day", 1.0, m.onset_day),
        (108, "duration, median d", 7.0, m.duration_days),
    ),
    *_rates(
        "T", "cartitude_1", "CARTITUDE-1, manufacturer's information 2024", 97,
        (109, "CRS, %", 95.0, m.crs_any),
        (110, "grade >= 3, %", 5.2, m.grade_3),
    ),
    *_figures(
        "T", "cartitude_1", "CARTITUDE-1, manufacturer's information 2024",
        (111, "onset, median day", 7.0, m.onset_day),
        (112, "duration, median d", 4.0, m.duration_days),
    ),
    *_rates(
        "T", "seattle", "Hay 2017, Blood 130:2295", 133,
        (113, "CRS, %", 70.0, m.crs_any),
        (114, "worst grade 1, %", 26.0, m.worst_grade(1)),
        (115, "worst grade 2, %", 32.0, m.worst_grade(2)),
        (116, "grade >= 3, %", 12.1, m.grade_3),
    ),
    Target("T117", "unicar", "CRS, %", 76.0, m.crs_any,
           "counted in the data of Wei 2023, 2024", 202, status=MEASURED),
    Target("T118", "unicar", "grade >= 3, %", 22.0, m.grade_3,
           "counted in the data of Wei 2023, 2024", 202, status=MEASURED),
    *(
        replace(row, status=MEASURED)
        for row in (
            *_rates(
                "W", "unicar", "counted in the 135 public patients of Wei 2023, 2024", 135,
                (1, "worst grade 1, %", 35.6, m.worst_grade(1)),
                (2, "worst grade 2, %", 20.7, m.worst_grade(2)),
            ),
            *_figures(
                "W", "unicar", "counted in the 135 public patients of Wei 2023, 2024",
                (3, "onset, median day", 3.0, m.onset_day),
                (4, "first grade >= 3, median day", 6.0, m.severe_day),
            ),
        )
    ),
    *_rates(
        "T", "spain", "Galan-Gomez 2025, doi 10.1186/s40164-025-00638-3", 118,
        (119, "CRS, %", 82.0, m.crs_any),
        (120, "ICANS, %", 22.0, m.share("icans")),
        (121, "treated for CRS, %", 55.0, m.share("treated")),
    ),
    Target("T122", "spain", "siltuximab among treated, %", 29.0, m.siltuximab_among_treated,
           "Galan-Gomez 2025, doi 10.1186/s40164-025-00638-3", 65),
    Target("T123", "spain", "improved after siltuximab, %", 75.0, m.improved_after_siltuximab,
           "doi 10.1182/bloodadvances.2024013688 (adults)", 54),
    Target("T124", "crp_rule", "infection under the CRP rule, %", 23.0, m.infected_by(28),
           "Rossi 2026, doi 10.3389/fimmu.2026.1749348", 13),
    Target("K17", "descar_t", "fever found earlier by continuous sensing, median h", 4.9,
           m.sensed_earlier_h, "Flora 2021, PMC8982843"),
    Target("K07", "seattle", "peak IL-6 and peak CRP, Spearman", 0.81, m.il6_crp_spearman,
           "Lee 2014, Lancet (PMC7065359)", printed=(0.54, 0.92)),
    Target("K15", "cd19_cd22_children", "peak ferritin, grade >= 3, ng/mL", 5467.0,
           m.ferritin_peak(True), "paediatric CD22/CD19 series (quartiles)"),
    Target("K16", "cd19_cd22_children", "peak ferritin, grade <= 2, ng/mL", 2035.0,
           m.ferritin_peak(False), "paediatric CD22/CD19 series (quartiles)"),
    *(
        replace(row, status=MEASURED)
        for row in (
            *_rates(
                "C", "cd22_children", _CD22, 59,
                (1, "CRS, %", 88.1, m.crs_any),
                (2, "worst grade 1, %", 35.6, m.worst_grade(1)),
                (3, "worst grade 2, %", 32.2, m.worst_grade(2)),
                (4, "grade >= 3, %", 20.3, m.grade_3),
            ),
            *_rates(
                "C", "cd22_children", _CD22, 51,
                (5, "tocilizumab among CRS, %", 47.1, m.among_crs("tocilizumab")),
                (6, "steroids among CRS, %", 41.2, m.among_crs("steroid")),
            ),
            *_rates("C", "cd22_children", _CD22, 59, (17, "HLH, %", 35.6, m.share("hlh"))),
            Target("C07", "cd22_children", "onset, median calendar day after infusion", 8.0,
                   m.onset_calendar_day, _CD22, printed=(6.5, 8.5)),
            Target("C08", "cd22_children", "highest IL-6 among CRS, median day", 10.0,
                   m.median_among_crs("il6_peak_day"), _CD22, printed=(8.5, 11.5)),
            Target("C09", "cd22_children", "highest IFN-gamma among CRS, median day", 10.0,
                   m.median_among_crs("ifn_gamma_peak_day"), _CD22, printed=(8.5, 11.5)),
            Target("C10", "cd22_children", "highest weekly ferritin without HLH, grade >= 3, ng/mL",
                   23729.0, m.ferritin_peak(True, "ferritin_weekly_peak"), _CD22,
                   printed=(917.0, 39884.0)),
            Target("C11", "cd22_children", "highest weekly ferritin without HLH, grade <= 2, ng/mL",
                   11821.0, m.ferritin_peak(False, "ferritin_weekly_peak"), _CD22,
                   printed=(2512.0, 23133.0)),
            Target("C12", "cd22_children", "highest IL-6 among CRS, median pg/mL", 187.0,
                   m.median_among_crs("il6_highest"), _CD22, printed=(44.0, 366.0)),
            Target("C13", "cd22_children", "IL-6 on day 15 among CRS, median pg/mL", 10.1,
                   m.median_among_crs("il6_day_15"), _CD22, printed=(5.9, 22.9)),
            Target("C14", "cd22_children", "highest IFN-gamma among CRS, median pg/mL", 1079.0,
                   m.median_among_crs("ifn_gamma_highest"), _CD22, printed=(481.0, 2761.0)),
            Target("C16", "cd22_children", "IFN-gamma on day 7 among CRS, median pg/mL", 47.5,
                   m.median_among_crs("ifn_gamma_day_7"), _CD22, printed=(26.7, 102.9)),
            Target("C15", "cd22_children", "highest weekly CRP, median mg/L", 75.2,
                   m.median_of("crp_weekly_peak"), _CD22, printed=(41.0, 113.4)),
        )
    ),
    *_rates("I", "seattle", _HILL, 133, (10, "infection by day 28, %", 23.0, m.infected_by(28))),
    *_figures(
        "I", "seattle", _HILL,
        (11, "infections for 100 patient-days, day 0-28", 1.19, m.infection_density(0, 28)),
        (12, "infections for 100 patient-days, day 29-90", 0.67, m.infection_density(28, 90)),
        (13, "first infection, median day", 6.0, m.first_infection_day(28)),
    ),
    Target("I14", "seattle", "hazard of infection per CRS category (0, 1-3, 4-5)", 3.38,
           m.infection_rate_ratio_per_crs_category, _HILL, printed=(1.99, 5.73)),
    Target("I15", "seattle", "hazard of infection, tocilizumab (crude)", 3.45,
           m.infection_rate_ratio_of_tocilizumab, _HILL, printed=(1.23, 9.67)),
    Target("I16", "nih", "infection from lymphodepletion to day 30, %", 32.7,
           m.infected_by(30, since=-5),
           "Blood Adv 2021;5:5312", 162),
    Target("I17", "descar_t", "invasive fungal disease, %", 2.9, m.infected_by(100, "fungal"),
           "Blood Adv 2022;6:4821", 280),
    Target("I21", "descar_t", "neutrophils < 0.5, median d", 9.0, m.severe_neutropenia_days,
           "Rejeski 2021, Blood 138:2499"),
    *_rates(
        "I", "majestec_1_long", _NOOKA, 165,
        (1, "infection, %", 80.0, m.infected_by(690)),
        (2, "infection of grade 3-4, %", 55.2, m.infected_by(690, "severe")),
        (4, "IgG below 4 g/L, %", 70.9, m.igg_below_4),
        (5, "neutropenia of grade 3-4, %", 65.5, m.share("neutropenia_3_4")),
    ),
    *_figures(
        "I", "majestec_1_long", _NOOKA,
        (3, "first infection, median months", 1.7, m.first_infection_months),
    ),
    *_rates("I", "bcma_practice", "Haematologica 2025", 101,
            (7, "infection by 5 months, %", 38.6, m.infected_by(152))),
    *_rates("I", "gprc5d_practice", "Haematologica 2025", 57,
            (8, "infection by 5 months, %", 28.1, m.infected_by(152))),
    Target("I06", "bcma_practice", "infection of grade 3-4 by 8.3 months, %", 25.0,
           m.infected_by(252, "severe"), "meta-analysis of 10 studies, preprint",
           printed=(22.0, 30.0)),
    *_figures(
        "S", "msk", "Pennisi 2021, Blood Adv 5:3397",
        (1, "m-EASIX before lymphodepletion, AUROC of grade >= 3", 0.804,
         m.auroc_for_severe_crs("m_easix")),
        (2, "m-EASIX on day -1, AUROC of grade >= 3", 0.73,
         m.auroc_for_severe_crs("m_easix_before")),
        (3, "m-EASIX on day 1, AUROC of grade >= 3", 0.754,
         m.auroc_for_severe_crs("m_easix_after")),
    ),
    Target("S04", "descar_t", "CAR-HEMATOTOX, AUROC of 14 d of severe neutropenia", 0.89,
           m.hematotox_for_neutropenia, "Rejeski 2021, Blood 138:2499"),
    Target("I18", "karmma_long", "severe infection, CAR-HEMATOTOX high, %", 40.0,
           m.severely_infected_by(100, high=True), "doi 10.1186/s13045-023-01465-x", 50),
    Target("I19", "karmma_long", "severe infection, CAR-HEMATOTOX low, %", 5.0,
           m.severely_infected_by(100, high=False), "doi 10.1186/s13045-023-01465-x", 63),
    Target("I20", "seattle", "procalcitonin at a fever, AUROC of infection", 0.62,
           m.procalcitonin_for_infection, "Powell 2023, doi 10.1002/cam4.5665",
           printed=(0.48, 0.76)),
    Target("K01", ONE_BODY, "half-life of CRP, h", 19.0, m.of_one_body("crp_halves_h"),
           "Clinical Chemistry (concentration-independent loss)"),
    Target("K02", ONE_BODY, "rise of CRP after a stimulus, h", 5.0,
           m.of_one_body("crp_rises_h"), _WALLACH, printed=(4.0, 6.0)),
    Target("K03", ONE_BODY, "doubling of CRP while it rises, h", 8.5,
           m.of_one_body("crp_doubles_h"), _WALLACH, printed=(8.0, 9.0)),
    Target("K04", ONE_BODY, "peak of CRP after a stimulus, h", 43.0,
           m.of_one_body("crp_peaks_h"), "secondary source", printed=(36.0, 50.0)),
    Target("K11", ONE_BODY, "half-life of siltuximab, d", 20.0,
           m.of_one_body("siltuximab_half_life_d"),
           "Kurzrock 2013; Nikanjam 2019, PMC6800650", printed=(17.7, 24.5)),
    Target("K12", ONE_BODY, "siltuximab, highest level in steady state, ug/mL", 332.0,
           m.of_one_body("siltuximab_highest"), f"siltuximab {_LABEL}"),
    Target("K13", ONE_BODY, "siltuximab, lowest level in steady state, ug/mL", 84.0,
           m.of_one_body("siltuximab_lowest"), f"siltuximab {_LABEL}"),
    *_rates(
        "K", "cd19_cd22_children", "paediatric CD22/CD19 series, its numbers of patients", 184,
        (18, "HLH, %", 14.1, m.share("hlh")),
        (19, "grade >= 3 without HLH, %", 9.2, m.grade_3_without_hlh),
    ),
    Target("K14", "cd19_cd22_children", "peak ferritin with HLH, ng/mL", 92204.0,
           m.ferritin_peak_with_hlh, "paediatric CD22/CD19 series (quartiles)"),
)  # fmt: skip
