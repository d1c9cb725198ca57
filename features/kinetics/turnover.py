"""The compiled filter: what one patient's CRP values say of synthesis, and what follows from it.

    synthesis    log synthesis is a Markov chain in continuous time on a grid of `LEVELS`
    open share   what blockers leave of it, by their levels, with a lag
    CRP          dC/dt = ln 2 / 19 h x (synthesis x open share - C)

A belief holds, for each level of synthesis, its weight and the mean and variance of CRP given it.
Time passes and values are read in the order in which they were taken; nothing is drawn at random.
Synthesis changes on whole hours; elimination is exact to the microsecond.

Compiled code is kept between runs by this file's date, so it holds nothing of another file that may
change: that comes in as an argument.
"""

from functools import lru_cache
from math import erf, exp, log, sqrt

import numpy as np
from numba import njit
from scipy.linalg import expm

from features.kernel import MICROSECONDS_PER_HOUR
from features.kinetics.constants import Turnover

CRP_HALF_LIFE_H = 19.0
"""Independent of level and disease: Vigushin 1993, doi 10.1172/JCI116336 (43 people)."""

SYNTHESIS_LAG_H = 5.0
"""After a blocker synthesis dies away with this time constant: CRP follows its stimulus after 4 to
6 h (Wallach, Interpretation of Diagnostic Tests)."""

LOWEST_CRP, HIGHEST_CRP = 0.3, 1000.0
"""mg/L: what lies outside counts as the limit (many assays read no lower; catalogue's maximum)."""

OLDEST_VALUE_H = 168.0
"""No forecast from a last value older than a week: the fit saw gaps of up to 78 h (a choice)."""

HIGHEST_DOSE_PER_KG = 15.0
"""mg: a dose up to this is one per kg, which events keep as written. Labels: 8 to 12 mg/kg."""

UNKNOWN_WEIGHT_KG = 70.0

MOSTLY_BLOCKED = 0.5
"""Share of synthesis stopped above which CRP says nothing, inside a blocker's window or beyond."""

IMPOSSIBLE_SHARE = 0.53
"""A value below this share of what elimination alone leaves is a mistake in one of two values:
three standard deviations of two readings of 15 % each."""
LEAST_FALL_FROM = 10.0
"""mg/L: falls from less are not judged, rounding is too coarse there."""

LOG2 = log(2.0)
LOG_LEVELS = np.linspace(log(0.05), log(1500.0), 40)
LEVELS = np.exp(LOG_LEVELS)
"""Synthesis on the grid, as the CRP in mg/L that it would hold."""
STEPS = (6, 3, 1)
"""Hours of one step of the chain."""
MOST_STEPS_H = 30 * 24
"""A longer silence moves synthesis no further: it is forgotten by then."""
GROSS_DENSITY = 1.0 / (log(HIGHEST_CRP) - log(LOWEST_CRP))

BODY_MOVED = 0.5
"""Share of unexplained readings that are true nevertheless (a choice)."""

CRP, RECEPTOR, LIGAND, IL6, WEIGHT = range(5)
"""Kinds of events; of several at one moment, they count in this order."""

DRIVE, RATE, LEVEL, BLOCKED, UNTRUSTED, AGAINST, SURPRISE, IF_BLOCKED, IL6_OPEN, IL6_BLOCKED = (
    range(10)
)
QUANTILES = 10
"""Places in a row of results; the quantiles of the forecast follow."""

NEVER = np.iinfo(np.int64).min

PERSON = np.dtype(
    [
        ("moment", np.int64),  # of the last event, microseconds
        ("begun", np.bool_),  # a CRP value has been read
        ("receptor", np.float64),  # tocilizumab, mg/L
        ("ligand", np.float64),  # siltuximab, mg/L
        ("open_share", np.float64),  # of CRP synthesis; follows the drugs with a lag
        ("receptor_time", np.int64),
        ("ligand_time", np.int64),
        ("crp", np.float64),
        ("crp_time", np.int64),
        ("surprise", np.float64),
        ("impossible", np.bool_),
        ("held_level", np.float64),  # CRP as blockade predicts it from what was before the dose
        ("held_drive", np.float64),  # synthesis before the dose
        ("against", np.float64),
        ("il6_open", np.float64),
        ("il6_blocked", np.float64),  # drawn under a receptor blocker
    ],
    align=True,
)


@lru_cache(maxsize=8)
def transitions(turnover: Turnover) -> np.ndarray:
    """Probabilities of synthesis after `STEPS`, given now: steps x levels now x levels after."""
    count, spacing = len(LEVELS), LOG_LEVELS[1] - LOG_LEVELS[0]
    spread = turnover.diffusion**2 / 24.0 / (2.0 * spacing**2)
    drift = turnover.return_rate * (log(turnover.rest) - LOG_LEVELS) / spacing
    generator = np.diag((spread + np.maximum(drift, 0.0))[:-1], 1)
    generator += np.diag((spread + np.maximum(-drift, 0.0))[1:], -1)
    flare = np.exp(-0.5 * ((LOG_LEVELS - log(turnover.flare)) / turnover.flare_sd) ** 2)
    generator += turnover.flare_rate * np.tile(flare / flare.sum(), (count, 1))
    generator -= np.diag(generator.sum(axis=1))
    return np.stack([expm(generator * hours) for hours in STEPS])


@njit(cache=True)
def _open_share(receptor, ligand, blockers):  # type: ignore[no-untyped-def]
    """Share of CRP synthesis that two blockers at these levels leave."""
    tocilizumab, siltuximab = blockers
    left = 1.0 - tocilizumab.most_blocked * receptor / (receptor + tocilizumab.half_effect)
    return left * (1.0 - siltuximab.most_blocked * ligand / (ligand + siltuximab.half_effect))


@njit(cache=True)
def _halved(level, hours, half_life):  # type: ignore[no-untyped-def]
    return level * exp(-LOG2 * hours / half_life)


@njit(cache=True)
def _step(belief, after, chain, kept, open_share):  # type: ignore[no-untyped-def]
    """One step: synthesis moves by `chain`, CRP keeps the share `kept` and gains the rest."""
    weight, mean, variance = belief[0], belief[1], belief[2]
    shares, levels, squares = after[0], after[1], after[2]
    gained = 0.5 * (1.0 - kept) * open_share
    after[:] = 0.0
    for now in range(len(weight)):
        if weight[now] < 1e-8:
            continue
        level = kept * mean[now] + gained * LEVELS[now]
        square = kept * kept * variance[now] + level * level
        probability = chain[now]
        for then in range(len(shares)):
            share = weight[now] * probability[then]
            shares[then] += share
            levels[then] += share * level
            squares[then] += share * square
    total = shares.sum()
    for then in range(len(shares)):
        level = levels[then] / shares[then]
        weight[then] = shares[then] / total
        mean[then] = level + gained * LEVELS[then]
        variance[then] = max(squares[then] / shares[then] - level * level, 0.0)


@njit(cache=True)
def _pass(person, belief, after, hours, chains, blockers):  # type: ignore[no-untyped-def]
    """Let `hours` pass: drugs are cleared, synthesis wanders, CRP follows it."""
    left = int(min(max(round(hours), 1.0), MOST_STEPS_H))
    stretch = hours / left
    still = hours < 0.5
    while left > 0:
        step = 0 if left >= STEPS[0] else 1 if left >= STEPS[1] else 2
        passed = STEPS[step] * stretch
        target = _open_share(
            _halved(person.receptor, 0.5 * passed, blockers[0].half_life_h),
            _halved(person.ligand, 0.5 * passed, blockers[1].half_life_h),
            blockers,
        )
        lag = SYNTHESIS_LAG_H * (1.0 - exp(-passed / SYNTHESIS_LAG_H))
        open_share = target + (person.open_share - target) * lag / passed
        kept = exp(-LOG2 * passed / CRP_HALF_LIFE_H)
        if person.begun and still:
            for level in range(belief.shape[1]):
                belief[1, level] *= kept
                belief[1, level] += (1.0 - kept) * open_share * LEVELS[level]
                belief[2, level] *= kept * kept
        elif person.begun:
            _step(belief, after, chains[step], kept, open_share)
        person.held_level *= kept
        person.held_level += (1.0 - kept) * open_share * person.held_drive
        person.open_share = target + (person.open_share - target) * exp(-passed / SYNTHESIS_LAG_H)
        person.receptor = _halved(person.receptor, passed, blockers[0].half_life_h)
        person.ligand = _halved(person.ligand, passed, blockers[1].half_life_h)
        left -= STEPS[step]


@njit(cache=True)
def _log_moments(mean, variance):  # type: ignore[no-untyped-def]
    """Mean and variance of the logarithm, taken for normal."""
    spread = log(1.0 + variance / (mean * mean))
    return log(mean) - 0.5 * spread, spread


@njit(cache=True)
def _reading_variance(crp, turnover):  # type: ignore[no-untyped-def]
    return turnover.assay_sd**2 + (turnover.assay_floor / crp) ** 2


@njit(cache=True)
def _begin(belief, crp, turnover):  # type: ignore[no-untyped-def]
    """The belief after a first value, which lies about its synthesis."""
    seen, noise = log(crp), _reading_variance(crp, turnover)
    apart = turnover.start_apart**2
    for place in range(belief.shape[1]):
        level = LOG_LEVELS[place]
        rarity = ((level - log(turnover.start_level)) / turnover.start_sd) ** 2
        belief[0, place] = exp(-0.5 * (rarity + (seen - level) ** 2 / (apart + noise)))
        mean = level + apart / (apart + noise) * (seen - level)
        spread = apart * noise / (apart + noise)
        belief[1, place] = exp(mean + 0.5 * spread)
        belief[2, place] = belief[1, place] ** 2 * (exp(spread) - 1.0)
    belief[0] /= belief[0].sum()


@njit(cache=True)
def _read(belief, crp, turnover):  # type: ignore[no-untyped-def]
    """Take in one value; returns its log density and its distance in standard deviations.

    What cannot be explained is half a wrong reading, half a body that does what no model expects:
    the belief widens, and a second such value moves it.
    """
    seen, noise = log(crp), _reading_variance(crp, turnover)
    wrong = turnover.gross_error * GROSS_DENSITY
    total, first, second = 0.0, 0.0, 0.0
    for place in range(belief.shape[1]):
        before, variance = belief[1, place], belief[2, place]
        mean, spread = _log_moments(before, variance)
        first += belief[0, place] * mean
        second += belief[0, place] * (spread + mean * mean)
        width = spread + noise
        likely = exp(-0.5 * (seen - mean) ** 2 / width) / sqrt(2.0 * np.pi * width)
        likely *= 1.0 - turnover.gross_error
        true = likely / (likely + wrong)
        mean += spread / width * (seen - mean)
        spread *= noise / width
        level = exp(mean + 0.5 * spread)
        kept, moved = (1.0 - true) * (1.0 - BODY_MOVED), (1.0 - true) * BODY_MOVED
        now = true * level + kept * before + moved * crp
        square = true * level * level * exp(spread)
        square += kept * (variance + before * before) + moved * crp * crp * exp(noise)
        belief[1, place], belief[2, place] = now, max(square - now * now, 0.0)
        belief[0, place] *= likely + wrong
        total += belief[0, place]
    belief[0] /= total
    return log(total), (seen - first) / sqrt(max(second - first * first, 0.0) + noise)


@njit(cache=True)
def _describe(belief, scratch, turnover, read):  # type: ignore[no-untyped-def]
    """Weights, means and widths of log CRP, of a reading where `read`; returns how many count."""
    count = 0
    for place in range(belief.shape[1]):
        if belief[0, place] > 1e-4:
            mean, spread = _log_moments(belief[1, place], belief[2, place])
            if read:
                spread += _reading_variance(exp(mean), turnover)
            scratch[0, count], scratch[1, count] = belief[0, place], mean
            scratch[2, count] = 1.0 / sqrt(2.0 * spread + 1e-9)
            count += 1
    return count


@njit(cache=True)
def _quantile(scratch, count, probability):  # type: ignore[no-untyped-def]
    """The level in mg/L below which CRP lies with this probability, by bisection."""
    wanted = 2.0 * probability * scratch[0, :count].sum()
    low, high = log(0.05), log(2.0 * HIGHEST_CRP)
    for _ in range(14):
        middle = 0.5 * (low + high)
        below = 0.0
        for place in range(count):
            distance = (middle - scratch[1, place]) * scratch[2, place]
            below += scratch[0, place] * (1.0 + erf(distance))
        if below < wanted:
            low = middle
        else:
            high = middle
    return exp(0.5 * (low + high))


@njit(cache=True)
def _medians(belief, scratch, turnover):  # type: ignore[no-untyped-def]
    """Medians of CRP and of the synthesis behind it, mg/L."""
    level = _quantile(scratch, _describe(belief, scratch, turnover, False), 0.5)
    below, place = 0.0, 0
    while below + belief[0, place] < 0.5:
        below += belief[0, place]
        place += 1
    spacing = LOG_LEVELS[1] - LOG_LEVELS[0]
    inside = (0.5 - below) / belief[0, place] - 0.5
    return level, exp(LOG_LEVELS[place] + spacing * inside)


@njit(cache=True)
def _within(moment, dose_time, window_h):  # type: ignore[no-untyped-def]
    return dose_time != NEVER and moment - dose_time <= window_h * MICROSECONDS_PER_HOUR


@njit(cache=True)
def _take_crp(person, belief, value, moment, turnover):  # type: ignore[no-untyped-def]
    """Read a CRP value; returns its log density, 0 for a first one."""
    crp = min(max(value, LOWEST_CRP), HIGHEST_CRP)
    density = 0.0
    if person.begun:
        hours = (moment - person.crp_time) / MICROSECONDS_PER_HOUR
        remains = _halved(person.crp, hours, CRP_HALF_LIFE_H)
        person.impossible = remains > LEAST_FALL_FROM and crp < IMPOSSIBLE_SHARE * remains
        density, person.surprise = _read(belief, crp, turnover)
        if not np.isnan(person.held_level):
            person.against = log(max(crp, 1.0) / max(person.held_level, 1.0))
    else:
        _begin(belief, crp, turnover)
        person.begun = True
    person.crp, person.crp_time = crp, moment
    return density


@njit(cache=True)
def _take_dose(  # type: ignore[no-untyped-def]
    person, belief, after, kind, value, moment, weight, turnover, blockers
):
    """Add a dose; the first into an unblocked patient fixes what blockade predicts."""
    if person.begun and _open_share(person.receptor, person.ligand, blockers) > MOSTLY_BLOCKED:
        person.held_level, person.held_drive = _medians(belief, after, turnover)
        person.against = np.nan
    blocker = blockers[0] if kind == RECEPTOR else blockers[1]
    per_kg = blocker.usual_mg_per_kg if np.isnan(value) else value
    if per_kg > HIGHEST_DOSE_PER_KG:
        per_kg /= weight if weight > 0.0 else UNKNOWN_WEIGHT_KG
    level = max(per_kg, 0.0) / blocker.litres_per_kg
    if kind == RECEPTOR:
        person.receptor += level
        person.receptor_time = moment
    else:
        person.ligand += level
        person.ligand_time = moment


@njit(cache=True)
def _take_il6(person, value, moment, blockers):  # type: ignore[no-untyped-def]
    """Keep IL-6 by its meaning: free, or left over by blocked receptors; bound to a drug, none."""
    if _within(moment, person.ligand_time, blockers[1].window_h):
        return
    if _within(moment, person.receptor_time, blockers[0].window_h):
        person.il6_blocked = value
    else:
        person.il6_open, person.il6_blocked = value, np.nan


@njit(cache=True)
def _pass_until(person, belief, after, moment, chains, blockers):  # type: ignore[no-untyped-def]
    """Let the time pass from a person's last event to a later moment."""
    if person.moment != NEVER and moment > person.moment:
        hours = (moment - person.moment) / MICROSECONDS_PER_HOUR
        _pass(person, belief, after, hours, chains, blockers)


@njit(cache=True)
def _take(  # type: ignore[no-untyped-def]
    person, belief, after, kind, value, moment, weight, turnover, chains, blockers
):
    """Let time pass to one event and take it in; returns the log density of a CRP value."""
    _pass_until(person, belief, after, moment, chains, blockers)
    person.moment = moment
    if kind == CRP:
        return _take_crp(person, belief, value, moment, turnover)
    if kind == IL6:
        _take_il6(person, value, moment, blockers)
    else:
        _take_dose(person, belief, after, kind, value, moment, weight, turnover, blockers)
    return 0.0


@njit(cache=True)
def _forget(person):  # type: ignore[no-untyped-def]
    """A person of whom nothing is known."""
    person.moment = person.crp_time = person.receptor_time = person.ligand_time = NEVER
    person.begun = person.impossible = False
    person.receptor = person.ligand = 0.0
    person.open_share = 1.0
    person.crp = person.surprise = person.held_level = person.held_drive = np.nan
    person.against = person.il6_open = person.il6_blocked = np.nan


@njit(cache=True)
def _declined(level, drive, open_now, open_then, hours):  # type: ignore[no-untyped-def]
    """CRP after these hours when the open share of constant synthesis moves with the lag."""
    loss, lag = LOG2 / CRP_HALF_LIFE_H, 1.0 / SYNTHESIS_LAG_H
    kept = exp(-loss * hours)
    late = loss * (exp(-lag * hours) - kept) / (loss - lag)
    return kept * level + drive * (open_then * (1.0 - kept) + (open_now - open_then) * late)


@njit(cache=True)
def _tell(  # type: ignore[no-untyped-def]
    person, belief, after, as_of, ahead, turnover, chains, blockers, probabilities, out
):
    """Fill one row from a person at the as-of time or before; `person` and `belief` move on."""
    _pass_until(person, belief, after, as_of, chains, blockers)
    open_share = _open_share(person.receptor, person.ligand, blockers)
    out[BLOCKED] = 1.0 - open_share
    untrusted = (
        person.impossible
        or open_share < 1.0 - MOSTLY_BLOCKED
        or _within(as_of, person.receptor_time, blockers[0].window_h)
        or _within(as_of, person.ligand_time, blockers[1].window_h)
    )
    out[UNTRUSTED] = 1.0 if untrusted else 0.0
    out[IL6_OPEN], out[IL6_BLOCKED] = person.il6_open, person.il6_blocked
    if not person.begun or not _within(as_of, person.crp_time, OLDEST_VALUE_H):
        return
    level, drive = _medians(belief, after, turnover)
    out[LEVEL], out[DRIVE] = level, drive
    out[RATE] = LOG2 / CRP_HALF_LIFE_H * drive * person.open_share
    out[SURPRISE] = person.surprise
    if open_share < 1.0 - MOSTLY_BLOCKED:
        out[AGAINST] = person.against
    dosed = person.receptor + blockers[0].usual_mg_per_kg / blockers[0].litres_per_kg
    left = _open_share(dosed, person.ligand, blockers)
    out[IF_BLOCKED] = _declined(level, drive, person.open_share, left, ahead)
    if ahead > 0.0:
        _pass(person, belief, after, ahead, chains, blockers)
    count = _describe(belief, after, turnover, True)
    for place in range(len(probabilities)):
        out[QUANTILES + place] = _quantile(after, count, probabilities[place])


@njit(cache=True)
def _weight(time, known, until, kind, value, as_of):  # type: ignore[no-untyped-def]
    """The last weight in kg that is known at the as-of time."""
    weight = np.nan
    for event in range(len(time)):
        if time[event] > as_of:
            break
        if kind[event] == WEIGHT and known[event] <= as_of < until[event]:
            weight = value[event]
    return weight


@njit(cache=True)
def _fill_patient(  # type: ignore[no-untyped-def]
    as_of, ahead, time, known, until, kind, value, turnover, chains, blockers, probabilities, out
):
    """Fill one patient's rows.

    From one row to the next the filter goes on where it stood, unless an earlier event has come to
    light or was taken back: then it starts anew. So a row is what it would be alone.
    """
    people = np.zeros(2, PERSON)
    belief, moved = np.zeros((3, len(LEVELS))), np.zeros((3, len(LEVELS)))
    after = np.zeros((3, len(LEVELS)))
    taken = np.zeros(len(time), np.bool_)
    done, weight = 0, np.nan
    _forget(people[0])
    for row in range(len(as_of)):
        now_weight = _weight(time, known, until, kind, value, as_of[row])
        anew = now_weight != weight and not (np.isnan(now_weight) and np.isnan(weight))
        for event in range(done):
            anew |= taken[event] != (known[event] <= as_of[row] < until[event])
        if anew:
            _forget(people[0])
            done = 0
        weight = now_weight
        event = done
        while event < len(time) and time[event] <= as_of[row]:
            taken[event] = known[event] <= as_of[row] < until[event]
            if taken[event]:
                done = event + 1
                if kind[event] != WEIGHT:
                    _take(
                        people[0], belief, after, kind[event], value[event], time[event], weight,
                        turnover, chains, blockers,
                    )  # fmt: skip
            event += 1
        people[1] = people[0]
        moved[:] = belief
        _tell(
            people[1], moved, after, as_of[row], ahead[row],
            turnover, chains, blockers, probabilities, out[row],
        )  # fmt: skip


@njit(cache=True, nogil=True)
def fill_rows(  # type: ignore[no-untyped-def]
    as_of, ahead, row_bounds, event_bounds, time, known, until, kind, value,
    turnover, chains, blockers, probabilities, out,
):  # fmt: skip
    """Fill `out` (rows x results) for all patients, each apart from all others.

    Patient p owns rows `row_bounds[p]:row_bounds[p + 1]` (ascending `as_of`) and events
    `event_bounds[p]:event_bounds[p + 1]` (ascending `time`). Times are microseconds. The
    interpreter's lock is free meanwhile, so parts of a cohort may run in threads side by side.
    """
    for patient in range(len(row_bounds) - 1):
        rows = slice(row_bounds[patient], row_bounds[patient + 1])
        mine = slice(event_bounds[patient], event_bounds[patient + 1])
        _fill_patient(
            as_of[rows], ahead[rows], time[mine], known[mine], until[mine], kind[mine], value[mine],
            turnover, chains, blockers, probabilities, out[rows],
        )  # fmt: skip


@njit(cache=True)
def log_density(  # type: ignore[no-untyped-def]
    event_bounds, time, value, longest_h, shortest_h, turnover, chains, blockers
):
    """Mean log density of CRP values that follow another within these hours, given those before."""
    belief, after = np.zeros((3, len(LEVELS))), np.zeros((3, len(LEVELS)))
    people = np.zeros(1, PERSON)
    total, count = 0.0, 0
    for patient in range(len(event_bounds) - 1):
        _forget(people[0])
        for event in range(event_bounds[patient], event_bounds[patient + 1]):
            hours = (time[event] - people[0].crp_time) / MICROSECONDS_PER_HOUR
            later = people[0].begun
            density = _take(
                people[0], belief, after, CRP, value[event], time[event], np.nan,
                turnover, chains, blockers,
            )  # fmt: skip
            if later and shortest_h <= hours <= longest_h:
                total += density
                count += 1
    return total / max(count, 1)
