"""What a model answers otherwise than the one whose place it takes: no fault, but to be said."""

from models.bundle import Bundle


def other_answers(name: str, in_use: Bundle, proposed: Bundle) -> list[str]:
    """A sentence where horizon, outcomes or their source are others; none where nothing is.

    `name` is what the model in use is called: "the champion, version 3,".
    """
    facts = zip(_answers(in_use).items(), _answers(proposed).values(), strict=True)
    changed = [f"{what} {now} instead of {then}" for (what, then), now in facts if now != then]
    return [f"answers otherwise than {name} did: {'; '.join(changed)}"] if changed else []


def _answers(bundle: Bundle) -> dict[str, str]:
    """What a risk of this model means, as sentences name it."""
    return {
        "horizon": f"{bundle.horizon_hours:g} h",
        "outcomes": ", ".join(sorted(bundle.outcomes)),
        "outcomes taken as": str(bundle.outcomes_from),
    }
