"""What `python -m training calibrate` found: the values fitted to each study.

Fields of the product, and of the policy where the study tells what its clinicians did. Written by
the command; the table of matches in docs/cohort.md shows what each fit reaches.
"""

FITTED: dict[str, tuple[tuple[str, float], ...]] = {
    "majestec_1": (
        ("sensitivity", 68.12),
        ("spread", 0.8643),
        ("vessels", 1.0),
        ("lung", 1.0),
        ("occasion", 0.5556),
        ("half_effect", 0.1),
        ("adaptation_h", 21.6),
        ("absorption_half_life_h", 14.0),
    ),
    "teclistamab_practice": (
        ("sensitivity", 38.09),
        ("spread", 0.8643),
        ("vessels", 2.744),
        ("lung", 1.0),
        ("occasion", 0.5057),
        ("half_effect", 0.1186),
        ("adaptation_h", 20.0),
        ("absorption_half_life_h", 12.96),
    ),
    "monumental_1": (
        ("sensitivity", 38.42),
        ("spread", 1.011),
        ("vessels", 1.0),
        ("lung", 0.3644),
        ("occasion", 0.8796),
        ("half_effect", 0.03632),
        ("adaptation_h", 23.6),
        ("absorption_half_life_h", 7.143),
    ),
    "magnetismm_3": (
        ("sensitivity", 34.32),
        ("spread", 1.778),
        ("vessels", 2.105),
        ("occasion", 0.6),
        ("half_effect", 0.1),
        ("adaptation_h", 20.0),
        ("absorption_half_life_h", 19.6),
    ),
    "epcore_nhl_1": (
        ("sensitivity", 9.88),
        ("spread", 2.506),
        ("vessels", 1.0),
        ("occasion", 0.84),
        ("half_effect", 0.08),
        ("adaptation_h", 20.0),
        ("absorption_half_life_h", 11.43),
    ),
    "cd20_practice": (
        ("sensitivity", 4.468),
        ("spread", 2.506),
        ("vessels", 0.9946),
        ("lung", 1.392),
        ("occasion", 0.2834),
        ("half_effect", 0.03459),
        ("adaptation_h", 16.95),
        ("absorption_half_life_h", 16.09),
    ),
}
