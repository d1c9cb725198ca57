"""What `python -m training calibrate` found: for each study, the values fitted to its figures.

Fields of the product, and of the policy where the study tells what its clinicians did. Written by
the command; the table of matches in docs/cohort.md shows what each fit reaches.
"""

FITTED: dict[str, tuple[tuple[str, float], ...]] = {}
