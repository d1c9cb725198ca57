"""TRIPOD+AI's 27 items with their sub-items, answered from a run.

Collins GS et al. BMJ 2024;385:e078378, doi 10.1136/bmj-2023-078378. Topics are in our own words;
the items' numbers are the paper's. What a run cannot know (funding, ethics, the story around it) is
left to the authors, and said so.
"""

from features.catalogue.naming import name_of
from models.recipes import FEW_EVENTS
from training.judging.rows.metrics import METRICS
from training.statements.answers import (
    Answer,
    Point,
    Statement,
    answered,
    filled,
    left_open,
    partly,
)
from training.statements.facts import Facts
from training.words.judged_patients import PUBLIC_FORMATS

TREATMENTS = ("therapy", "il6_blocker", "corticosteroid", "antimicrobial_treatment")
SOURCE = "Collins GS et al. BMJ 2024;385:e078378, doi 10.1136/bmj-2023-078378"
TITLE = "TRIPOD+AI: 27 items in 52 parts"


def tripod(facts: Facts) -> Statement:
    """The guideline, answered."""
    return answered("tripod", TITLE, SOURCE, ITEMS, facts)


def _title(facts: Facts) -> Answer:
    kind = "Adaptation of an existing model and its" if facts.adapted else "Development and"
    kind = "Evaluation of an existing model" if facts.external else f"{kind} evaluation"
    return partly(
        f"{kind} on {facts.people}: the risk of {facts.names} {facts.horizon}.",
        "the title itself",
    )


def _purpose(facts: Facts) -> Answer:
    return partly(
        f"For clinicians and nurses who treat {facts.people}, at any moment of a stay: which "
        "patient to look at first. It informs; it orders nothing.",
        "the place in your own care pathway",
    )


def _inequalities(facts: Facts) -> Answer:  # noqa: ARG001 - as the others
    return left_open("what is known of unequal care or outcomes between groups")


def _objective(facts: Facts) -> Answer:
    if facts.external:
        return filled("To judge a finished model on other patients, beside persistence.")
    if facts.adapted:
        return filled(
            "To adapt a finished model to these patients, and to judge the result on patients that "
            "it was not adapted to, beside persistence."
        )
    return filled("To develop a model and judge it on unseen patients, beside persistence.")


def _sources(facts: Facts) -> Answer:
    said = f"{facts.learnt_from} {facts.context.get('validation') or ''}".strip()
    if facts.all_virtual:
        return filled(f"{said} They stand for no real population.")
    return partly(said, "why these records, and whom they represent")


def _dates(facts: Facts) -> Answer:
    if facts.all_virtual:
        return filled("Virtual patients: their dates mean nothing.")
    return left_open("first and last admission, end of follow-up")


def _centres(facts: Facts) -> Answer:
    if facts.all_virtual:
        return filled("A simulated ward; no real centre took part.")
    return left_open("which centres, how many, where")


def _eligible(facts: Facts) -> Answer:
    return partly(
        "Every patient of the file with a usable record. A row counts where the patient was at "
        f"risk and the horizon was observed. {facts.flow}",
        "who was put into the file",
    )


def _treatments(facts: Facts) -> Answer:
    read = {key for found in facts.features.values() for key in found}
    drugs = [name_of(key) for key in TREATMENTS if key in read]
    said = (
        f"Treatments are inputs where the records hold them ({', '.join(drugs)})."
        if drugs
        else "No treatment is an input: these records hold none."
    )
    return partly(
        said + " Later treatment is part of what is foretold: a risk is that "
        "under usual care, not that without treatment.",
        "the treatments given",
    )


def _preparation(facts: Facts) -> Answer:
    return partly(
        "Codes and units are brought to one catalogue; values outside the plausible range are set "
        f"aside and counted. {facts.set_aside} The same for everybody.",
        "what was done before the file was made",
    )


def _outcome(facts: Facts) -> Answer:
    return filled(f"{facts.definitions} Looked for {facts.horizon}, from every as-of time.")


def _assessors(facts: Facts) -> Answer:
    if facts.all_virtual:
        return filled("Virtual patients: the simulator's rules are the assessor.")
    return left_open("who graded and diagnosed")


def _blinding(facts: Facts) -> Answer:
    if facts.all_virtual:
        return filled("Nobody looked: outcomes were simulated before any model existed.")
    return left_open("whether those who graded knew the predictors")


def _chosen(facts: Facts) -> Answer:
    return filled(
        "Features are declared before the run; columns with fewer than 20 values, without any "
        "difference, or equal to another are left out. "
        f"{facts.inputs}"
    )


def _predictors(facts: Facts) -> Answer:  # noqa: ARG001 - as the others
    return filled(
        "Every feature is declared with its analyte, statistic, window and unit "
        "(docs/features.md); it uses only what was known at the as-of time, by result time."
    )


def _subjective(facts: Facts) -> Answer:  # noqa: ARG001 - as the others
    return partly(
        "Grades and scores that people judge (CRS, ICANS, consciousness) may be inputs.",
        "who judged them",
    )


def _size(facts: Facts) -> Answer:
    return partly(
        f"All patients of the file were used. {facts.judged} With fewer than five patients with "
        "an event nothing is claimed.",
        "a sample-size calculation",
    )


def _missing(facts: Facts) -> Answer:
    constants = "filled_constant" in (facts.evaluation.get("rejects") or {})
    said = (
        "Nothing is filled in: the trees take a missing value as missing; where boosting starts "
        "from lines, it adds nothing there, as the average value does."
    )
    if constants:
        said += " Constants that the file's authors had filled in are set to missing first."
    return filled(said + " Rows whose horizon was not observed are counted and left out.")


def _partition(facts: Facts) -> Answer:
    if facts.external:
        return filled("All records judged here are other than those of the training, by digest.")
    if not facts.cross_validated:
        return filled(SAW_THEM)
    if facts.adapted:
        return filled(
            "Patient-wise cross-validation of the whole adapting: each row is judged by a model "
            "that was adapted, its way chosen, without its patient."
        )
    return filled(
        "Patient-wise cross-validation: each row is judged by members that had not seen its "
        "patient; events are spread evenly over the folds."
    )


def _handled(facts: Facts) -> Answer:  # noqa: ARG001 - as the others
    return filled(
        "Trees need no scaling. Where medicine gives a direction (a higher CRP is never better) "
        "the risk of severe CRS may only move that way."
    )


SAW_THEM = (
    "None: the model learnt from some or all of the patients judged here, so the figures prove "
    "nothing."
)


def _settings(facts: Facts) -> str:
    """Where the model's settings came from."""
    if facts.evaluation.get("tuning"):
        return "The settings were tuned inside each split's training patients."
    return "The settings follow from the number of events alone."


def _model(facts: Facts) -> Answer:
    if facts.adapted:
        return partly(
            f"A model of XGBoost boosters, adapted to local patients. {facts.ways} How this way "
            "was chosen stands in the report of the adapting.",
            "how the model was built that was started from (its own report tells)",
        )
    start = "what today's grade gives" if facts.words.graded else "the base rate"
    said = (
        f"A committee of XGBoost boosters, one a patient fold, each starting from {start} and, "
        f"with fewer than {FEW_EVENTS} rows before an event, from a penalised logistic regression "
        "of today's values; a calibration on patients that the members had not seen. "
        f"{_settings(facts)}"
    )
    if facts.judged_on.get("format") in PUBLIC_FORMATS:
        said += " They were once found on public files, this one among them: a little optimism."
    return filled(said)


def _clusters(facts: Facts) -> Answer:
    if "site" in facts.groups:
        return filled("Figures by site stand in the report.")
    return left_open("differences between centres", "Not examined: the run names no centres.")


def _measures(facts: Facts) -> Answer:  # noqa: ARG001 - as the others
    titles = ", ".join(metric.title for metric in METRICS)
    return filled(
        f"{titles}. Curves: ROC, precision and recall, calibration, decision. Every one beside "
        "persistence; intervals over resampled patients, paired differences."
    )


def _updating(facts: Facts) -> Answer:
    if facts.external:
        return filled("None: the model was judged as it stands.")
    return filled("None after the evaluation.")


def _updated(facts: Facts) -> Answer:
    if facts.adapted and not facts.external:
        return filled(
            "The whole run updates a model: its figures beside those of the model that was started "
            "from, by the number of local patients, stand in the report."
        )
    return _updating(facts)


def _computed(facts: Facts) -> Answer:
    version = facts.context.get("model_version")
    named = f" (version {version})" if version else ""
    return filled(f"By the bundle's own code{named}; the service gives the same numbers.")


def _imbalance(facts: Facts) -> Answer:
    evened = "weighted, repeated or dropped to even out the classes."
    if not facts.weighted:
        return filled(f"No row was {evened}")
    learnt = "judged" if facts.external else "learnt from, calibrated and judged"
    return filled(
        f"Rows were {learnt} with their patient's sampling weight, so that the probabilities and "
        f"figures stand for the population that these weights describe. None was {evened}"
    )


def _fair(facts: Facts) -> Answer:
    if facts.groups:
        return partly(
            f"Figures were broken down by {', '.join(facts.groups)}; nothing was done to even "
            "them out.",
            "what follows from them",
        )
    return left_open("how fairness was looked at", "No step of this run aims at it.")


def _output(facts: Facts) -> Answer:
    return filled(
        f"A probability {facts.horizon} with an interval, and three tiers: “elevated” is reached "
        "by 1 in 10 rows of the training, “high” by 3 in 100 (an alarm budget, our choice)."
    )


def _differences(facts: Facts) -> Answer:
    if facts.external:
        return partly(
            f"{facts.learnt_from} Judged on {facts.judged_patients}.",
            "how setting, eligibility and predictors differ",
        )
    if not facts.cross_validated:
        return filled(SAW_THEM)
    if facts.adapted:
        return partly(
            f"{facts.learnt_from} The local patients adapted to and those judged are of one file, "
            "other patients in every fold.",
            "how they differ from those whom the model that was started from had learnt from",
        )
    return filled("None: the same file, other patients in every fold.")


def _ethics(facts: Facts) -> Answer:
    if facts.all_virtual:
        return filled("No real person's records were used.")
    return left_open("the committee, its number, consent or waiver")


def _data_sharing(facts: Facts) -> Answer:
    digest = facts.context.get("data_digest")
    said = f"Training data digest {digest}." if digest else "The run does not hold the data."
    if facts.adapted:
        return partly(
            f"{said} It is of the local records alone, not of those that the model that was "
            "started from had learnt from.",
            "who may have either, and how",
        )
    if facts.virtual:
        return filled(f"{said} The virtual patients can be simulated again by anybody.")
    return partly(said, "who may have the data, and how")


def _code(facts: Facts) -> Answer:
    version = facts.context.get("code_version")
    return partly(f"Code version {version or 'not stated'}; libraries are pinned.", "where it lies")


def _flow(facts: Facts) -> Answer:
    return filled(facts.flow)


def _characteristics(facts: Facts) -> Answer:
    return partly(facts.judged, "a table of who they were (age, sex, disease, product)")


def _compared(facts: Facts) -> Answer:
    if facts.external:
        return left_open("both files' predictors side by side")
    if facts.adapted:
        return partly(
            "The local patients adapted to are those judged, in turn.",
            "their predictors beside those of the patients whom the model that was started from "
            "had learnt from",
        )
    return filled("Development and evaluation share one file.")


def _specified(facts: Facts) -> Answer:  # noqa: ARG001 - as the others
    return filled(
        "The bundle holds the whole model in open formats (UBJSON, JSON), its features by name "
        "and its calibration; it answers from the command line, in Python and over HTTP."
    )


def _performance(facts: Facts) -> Answer:
    missing = "" if facts.groups else "figures by age, sex and disease"
    said = f"{facts.claims} {facts.figures} Strata stand in the report."
    return partly(said, missing) if missing else filled(said)


def _interpretation(facts: Facts) -> Answer:
    return partly(facts.claims, "what it means beside other studies, and for fairness")


def _limitations(facts: Facts) -> Answer:
    return partly(facts.limits, "what else you know of these records")


def _poor_input(facts: Facts) -> Answer:  # noqa: ARG001 - as the others
    return filled(
        "The guard abstains where too much of what the model rests on is missing or stale, and "
        "cautions outside what it learnt from; every answer names what was rejected, and why."
    )


def _interaction(facts: Facts) -> Answer:  # noqa: ARG001 - as the others
    return partly(
        "No: records are read as they are. Reading a risk takes clinical training.",
        "who will see it, and how they are taught",
    )


def _next(facts: Facts) -> Answer:
    if facts.virtual:
        return partly("Train it on real patients; judge it elsewhere.", "your next steps")
    return partly("Judge it at another centre before any use there.", "your next steps")


def _authors(missing: str) -> Answer:
    return left_open(missing)


TITLE_PART, ABSTRACT, INTRODUCTION = "Title", "Abstract", "Introduction"
METHODS, OPEN_SCIENCE, INVOLVEMENT = "Methods", "Open science", "Patient and public involvement"
RESULTS, DISCUSSION = "Results", "Discussion"

ITEMS = (
    Point("1", TITLE_PART, "what the study is", _title),
    Point("2", ABSTRACT, "the abstract", lambda _: _authors("the abstract")),
    Point(
        "3a", INTRODUCTION, "why a model is wanted", lambda _: _authors("the clinical background")
    ),
    Point("3b", INTRODUCTION, "for whom and for what", _purpose),
    Point("3c", INTRODUCTION, "known inequalities", _inequalities),
    Point("4", INTRODUCTION, "the objective", _objective),
    Point("5a", METHODS, "where the data come from", _sources),
    Point("5b", METHODS, "dates", _dates),
    Point("6a", METHODS, "setting and centres", _centres),
    Point("6b", METHODS, "who was eligible", _eligible),
    Point("6c", METHODS, "treatments", _treatments),
    Point("7", METHODS, "how data were prepared and checked", _preparation),
    Point("8a", METHODS, "the outcome and its horizon", _outcome),
    Point("8b", METHODS, "who judged the outcome", _assessors),
    Point("8c", METHODS, "blinding to the outcome", _blinding),
    Point("9a", METHODS, "how predictors were chosen", _chosen),
    Point("9b", METHODS, "what predictors are", _predictors),
    Point("9c", METHODS, "who judged the predictors", _subjective),
    Point("10", METHODS, "size of the study", _size),
    Point("11", METHODS, "missing values", _missing),
    Point("12a", METHODS, "how data were divided", _partition),
    Point("12b", METHODS, "how predictors enter", _handled),
    Point("12c", METHODS, "the kind of model and how it was built", _model),
    Point("12d", METHODS, "differences between clusters", _clusters),
    Point("12e", METHODS, "measures and plots", _measures),
    Point("12f", METHODS, "updating after the evaluation", _updating),
    Point("12g", METHODS, "how predictions were computed", _computed),
    Point("13", METHODS, "class imbalance and weights", _imbalance),
    Point("14", METHODS, "fairness", _fair),
    Point("15", METHODS, "output and thresholds", _output),
    Point("16", METHODS, "training against evaluation data", _differences),
    Point("17", METHODS, "ethics", _ethics),
    Point("18a", OPEN_SCIENCE, "funding", lambda _: _authors("who paid, and their part")),
    Point("18b", OPEN_SCIENCE, "conflicts of interest", lambda _: _authors("every author's")),
    Point("18c", OPEN_SCIENCE, "protocol", lambda _: _authors("where it lies, or that none is")),
    Point("18d", OPEN_SCIENCE, "registration", lambda _: _authors("register and number, or none")),
    Point("18e", OPEN_SCIENCE, "data sharing", _data_sharing),
    Point("18f", OPEN_SCIENCE, "code sharing", _code),
    Point("19", INVOLVEMENT, "patients and public", lambda _: _authors("their part, or none")),
    Point("20a", RESULTS, "flow of patients", _flow),
    Point("20b", RESULTS, "who they were", _characteristics),
    Point("20c", RESULTS, "compared with the development data", _compared),
    Point("21", RESULTS, "patients and events in each analysis", _flow),
    Point("22", RESULTS, "the whole model", _specified),
    Point("23a", RESULTS, "performance, with intervals and groups", _performance),
    Point("23b", RESULTS, "performance by cluster", _clusters),
    Point("24", RESULTS, "results of updating", _updated),
    Point("25", DISCUSSION, "interpretation", _interpretation),
    Point("26", DISCUSSION, "limitations", _limitations),
    Point("27a", DISCUSSION, "poor or missing input in use", _poor_input),
    Point("27b", DISCUSSION, "what users must do and know", _interaction),
    Point("27c", DISCUSSION, "next steps", _next),
)
