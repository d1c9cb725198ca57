"""What scorers and outcomes are called before readers."""

SCORERS = {
    "model": "Model",
    "model without grade": "Model without today's grade",
    "model without trajectories": "Model without trajectories",
    "grade": "Today's grade alone, not fitted",
    "persistence": "Today's grade goes on (persistence)",
    "last_value_logistic": "Last values, logistic regression",
    "crp": "CRP alone",
    "crp_rule": "CRP rule",
    "fever": "Fever",
    "easix": "EASIX",
}
"""Titles in the order in which readers meet them; others follow under their own names."""

OUTCOMES = {
    "severe_crs": "Severe cytokine release syndrome (grade 3 or more)",
    "infection": "Clinically significant infection",
}

OUTCOME_NAMES = {"severe_crs": "severe CRS", "infection": "an infection"}
"""The outcome inside a sentence."""


def scorer_title(name: str) -> str:
    """What a scorer is called."""
    return SCORERS.get(name, name.replace("_", " "))


def in_order(names: list[str]) -> list[str]:
    """Scorers in the order in which readers meet them."""
    known = [name for name in SCORERS if name in names]
    return known + sorted(set(names) - set(known))


def outcomes_in_order(names: list[str]) -> list[str]:
    """Outcomes in the order in which readers meet them."""
    known = [name for name in OUTCOMES if name in names]
    return known + sorted(set(names) - set(known))


def outcome_title(name: str) -> str:
    """What an outcome is called."""
    return OUTCOMES.get(name, name.replace("_", " "))


def outcome_name(name: str) -> str:
    """The outcome inside a sentence."""
    return OUTCOME_NAMES.get(name, name.replace("_", " "))


def stratum_title(stratum: str, value: str) -> str:
    """What a group of rows is called.

    >>> stratum_title("grade", "0"), stratum_title("grade", "unknown")
    ('No CRS today', 'Grade not known')
    """
    if stratum != "grade":
        return f"{stratum.replace('_', ' ')} {value}"
    if value == "unknown":
        return "Grade not known"
    return "No CRS today" if value == "0" else f"Grade {value} today"
