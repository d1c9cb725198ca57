"""Numbers as readers meet them: as many digits as mean something, and a minus that is one."""

from collections.abc import Mapping
from typing import Any

from training.judging.rows.resampled import NO_SPREAD

Figure = Mapping[str, Any]
"""A figure of an evaluation: `value`, `low`, `high` and `reason`."""

SPACE = "\N{NO-BREAK SPACE}"


def number(value: float, signed: bool = False) -> str:
    """Two decimals above 1, else three; a fourth where three would say too little; thousands whole.

    >>> number(0.0461), number(-0.5, signed=True), number(1.234), number(0.00123)
    ('0.046', '−0.500', '1.23', '0.0012')
    >>> number(-0.0057, signed=True), number(-0.00001, signed=True)
    ('−0.006', '0.0000')
    >>> number(335600.4), number(-1234.5, signed=True)
    ('335,600', '−1,234')
    """
    if abs(value) >= 1000:
        return f"{value:{'+' if signed else ''},.0f}".replace("-", "−")
    size, small = abs(value), 0.0005 if signed else 0.01
    digits = 2 if size > 1 else 3 if size >= small or size == 0 else 4
    if round(value, digits) == 0:
        return f"{0:.{digits}f}"
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    return text.replace("-", "−")


def interval(figure: Figure, signed: bool = False) -> str:
    """The interval in brackets after a space; empty where there is none."""
    if figure["low"] is None:
        return ""
    return f" ({number(figure['low'], signed)} to {number(figure['high'], signed)})"


def share(value: float) -> str:
    """A share in per cent without the sign: whole from 10 % on, else two digits.

    >>> share(0.943), share(0.0137), share(0.00052), share(0.0)
    ('94', '1.4', '0.052', '0')
    """
    hundred = 100 * value
    return f"{hundred:.0f}" if hundred >= 10 or hundred == 0 else f"{hundred:.2g}"


def per_cent(figure: Figure) -> str:
    """A share in per cent with its interval, or why none: all of few events is no certainty."""
    text = f"{share(figure['value'])}{SPACE}%"
    if figure["low"] is None:
        return f"{text} ({NO_SPREAD})" if figure["reason"] == NO_SPREAD else text
    return f"{text} ({share(figure['low'])} to {share(figure['high'])}{SPACE}%)"


def times(ratio: float) -> str:
    """How many times as much: whole from 10 on, else one decimal.

    >>> times(10.55), times(2.0), times(1.34)
    ('11', '2.0', '1.3')
    """
    return f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.1f}"
