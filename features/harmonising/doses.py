"""Doses of one drug at one moment, under different records, add up.

    dexamethasone, same time, known together     becomes
    10 mg, 4 mg                                  14 mg; the 4 mg are counted as added_up
    10 mg, 10 mg                                 10 mg twice on record: the repeat is a duplicate
    10 mg, 10 mg, 4 mg                           14 mg
    10 mg, 0.1 mg/kg                             no sum: the larger number stays, as a conflict

Rates of an infusion do not add up, and a dose that is not stated adds nothing.
"""

from dataclasses import replace

import numpy as np

from features.harmonising.columns import Source
from features.harmonising.lines import TABLE, Lines, line_rank, taken
from features.harmonising.passes import REASONS
from features.harmonising.repeats import changes, same_value
from features.tables import RejectReason

_IN_MG = -2
"""The unit of every dose that is milligrams, whatever it was given in; else the unit's place."""


def added_up(lines: Lines, source: Source) -> Lines:
    """The lines with each moment's different doses of a drug on one line, the others refused."""
    stated = (lines.reason < 0) & TABLE.is_dose[lines.key] & ~np.isnan(lines.number)
    doses = np.flatnonzero(stated)
    if doses.size < 2:
        return lines
    few = taken(lines, doses)
    unit = np.where(few.in_mg, _IN_MG, source.unit.place[few.row])
    patient, time, known = (
        column[few.row] for column in (source.patient.place, source.time, source.known)
    )
    moment = [column.astype(np.int64) for column in (unit, known, time, few.key, patient)]
    order = np.lexsort((line_rank(few, source), -few.number, *moment))
    value = few.number[order]
    opens = changes(*(column[order] for column in moment))
    repeats = ~opens & np.append(False, same_value(value[1:], value[:-1]))
    adds = ~opens & ~repeats
    first = np.flatnonzero(opens)
    if not adds.any():
        return lines
    several = np.repeat(np.logical_or.reduceat(adds, first), np.diff(np.append(first, value.size)))
    number, reason = lines.number.copy(), lines.reason.copy()
    number[doses[order[first]]] = np.add.reduceat(np.where(repeats, 0.0, value), first)
    reason[doses[order[adds]]] = REASONS.index(RejectReason.ADDED_UP)
    reason[doses[order[repeats & several]]] = REASONS.index(RejectReason.DUPLICATE)
    return replace(lines, number=number, reason=reason)
