"""The 31 source attributes that the US HTI-1 rule asks of a predictive intervention.

45 CFR 170.315(b)(11)(iv)(B), paragraphs (1) to (9); final rule 89 FR 1192 of 9 January 2024. Topics
are in our own words; the paragraph numbers are the rule's. What a run cannot know is left to the
developer who releases the model, or to the hospital that uses it, and said so.
"""

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
from training.words.rounding import number

SOURCE = "45 CFR 170.315(b)(11)(iv)(B); 89 FR 1192, 9 January 2024"
TITLE = "US HTI-1: 31 source attributes of a predictive intervention"
DEVELOPER, HOSPITAL = "the developer who releases it", "the hospital that uses it"


def hti1(facts: Facts) -> Statement:
    """The rule's attributes, answered."""
    return answered("source_attributes", TITLE, SOURCE, ATTRIBUTES, facts)


def _output(facts: Facts) -> Answer:
    return filled(
        f"The probability of {facts.names} {facts.horizon}, with an interval, a tier, whether it "
        "may be relied on, and the reasons by analyte."
    )


def _output_type(facts: Facts) -> Answer:
    tiers = [
        f"{facts.words.name(o)}: elevated from {number(found['elevated'])}, high from "
        f"{number(found['high'])}"
        for o, found in (facts.context.get("tiers") or {}).items()
    ]
    said = f" ({'; '.join(tiers)})" if tiers else ""
    return filled(f"A prediction: a probability, sorted into three tiers{said}.")


def _use(facts: Facts) -> Answer:
    return filled(
        f"To show which {facts.words.people} {facts.words.setting} to look at first for "
        f"{facts.names.replace(' and of ', ' and ')}, from routine values."
    )


def _population(facts: Facts) -> Answer:
    people = facts.people[:1].upper() + facts.people[1:]
    return filled(f"{people}, as far as they are like those learnt from. {facts.learnt_from}")


def _users(facts: Facts) -> Answer:  # noqa: ARG001 - as the others
    return filled("Clinicians and nurses who treat these patients; never patients by themselves.")


def _role(facts: Facts) -> Answer:  # noqa: ARG001 - as the others
    return filled("Informs. It augments or replaces no decision and orders nothing.")


def _cautioned(facts: Facts) -> Answer:
    said = "Other patients, products, laboratories and habits of measuring than those learnt from."
    if facts.virtual:
        said = f"Any real patient: it learnt from virtual ones. {said}"
    return filled(said)


def _known_risks(facts: Facts) -> Answer:
    return filled(facts.limits)


def _criteria(facts: Facts) -> Answer:
    return partly(
        "Rows of patients at risk whose horizon was observed; nobody else of the file was left "
        f"out. {facts.flow}",
        f"who came into the file: {DEVELOPER}",
    )


def _variables(facts: Facts) -> Answer:
    return filled(
        "Race, ethnicity, language, sexual orientation, gender identity, sex, date of birth, "
        f"social determinants, health status: {facts.demographics}"
    )


def _representative(facts: Facts) -> Answer:
    if facts.virtual:
        return filled("Virtual patients represent no population.")
    return left_open(f"age, sex and origin of those learnt from: {DEVELOPER}")


def _relevance(facts: Facts) -> Answer:
    if facts.virtual:
        return filled("Virtual patients: relevance for any ward is not shown.")
    return left_open(f"how like the own ward they are: {HOSPITAL}")


def _fair(facts: Facts) -> Answer:  # noqa: ARG001 - as the others
    return left_open(f"the approach: {DEVELOPER}", "No step of this run aims at fairness.")


def _bias(facts: Facts) -> Answer:  # noqa: ARG001 - as the others
    return partly(
        "A row uses only what was known at its time, and every figure stands beside persistence.",
        f"bias between groups: {DEVELOPER}",
    )


def _by_groups(facts: Facts) -> Answer:
    if facts.groups:
        return partly(
            f"Figures by {', '.join(facts.groups)} stand in the report.",
            f"what they mean: {DEVELOPER}",
        )
    return left_open(f"figures by age, sex and origin: {DEVELOPER}", "Not measured in this run.")


NO_OTHERS = "None in this run: “python -m training evaluate” judges on other patients."


def _external_data(facts: Facts) -> Answer:
    if facts.external:
        judged = facts.judged_patients
        return partly(f"{judged[:1].upper()}{judged[1:]}.", f"the place: {HOSPITAL}")
    return left_open(f"an external file: {HOSPITAL}", NO_OTHERS)


def _external_party(facts: Facts) -> Answer:
    if facts.external:
        return left_open(f"who ran the evaluation: {HOSPITAL}")
    return left_open(f"who will run one: {HOSPITAL}", NO_OTHERS)


def _external_people(facts: Facts) -> Answer:
    if facts.external:
        return left_open(f"age, sex and origin of those judged: {HOSPITAL}")
    return left_open(f"who they will be: {HOSPITAL}", NO_OTHERS)


def _external_process(facts: Facts) -> Answer:
    if facts.external:
        return filled(
            f"The finished model was asked at every as-of time of other records, beside its "
            f"baselines. {facts.flow}"
        )
    return left_open(f"an external validation: {HOSPITAL}", NO_OTHERS)


def _internal_validity(facts: Facts) -> Answer:
    if facts.external:
        return partly("In the bundle's own card, from cross-validation.", "to be read there")
    return filled(f"{facts.claims} {facts.figures}")


def _internal_fairness(facts: Facts) -> Answer:
    if facts.external:
        return left_open(f"as the bundle's own card says: {DEVELOPER}")
    return _by_groups(facts)


def _external_validity(facts: Facts) -> Answer:
    if facts.external:
        return filled(f"{facts.claims} {facts.figures}")
    return left_open(f"an external validation: {HOSPITAL}", NO_OTHERS)


def _external_fairness(facts: Facts) -> Answer:
    if facts.external:
        return _by_groups(facts)
    return left_open(f"an external validation by groups: {HOSPITAL}", NO_OTHERS)


def _effect(facts: Facts) -> Answer:  # noqa: ARG001 - as the others
    return left_open(
        f"references, if there are any: {DEVELOPER}",
        "No study is known to this run of whether its use changes what happens to patients.",
    )


def _monitoring(facts: Facts) -> Answer:  # noqa: ARG001 - as the others
    return partly(
        "Every answer is kept in an audit trail, from which it can be judged against what came.",
        f"how often somebody does: {HOSPITAL}",
    )


def _local_validity(facts: Facts) -> Answer:  # noqa: ARG001 - as the others
    return left_open(f"an evaluation on the own patients: {HOSPITAL}")


def _fairness_monitoring(facts: Facts) -> Answer:  # noqa: ARG001 - as the others
    return left_open(f"process and frequency: {HOSPITAL}")


def _local_fairness(facts: Facts) -> Answer:  # noqa: ARG001 - as the others
    return left_open(f"an evaluation by groups on the own patients: {HOSPITAL}")


def _update(facts: Facts) -> Answer:  # noqa: ARG001 - as the others
    return partly(
        "It never changes by itself. A new one is trained, judged beside the old one and released "
        "under another version; the release is noted.",
        f"how often: {HOSPITAL}",
    )


def _correction(facts: Facts) -> Answer:  # noqa: ARG001 - as the others
    return left_open(f"how soon it is corrected or withdrawn: {HOSPITAL}")


DETAILS, PURPOSE = "Details and output", "Purpose"
CAUTIONED, DEVELOPMENT = "Uses outside its scope", "Development and inputs"
FAIRNESS, VALIDATION = "Fairness in development", "External validation"
PERFORMANCE, MAINTENANCE = "Measured performance", "Maintenance in use"
UPDATES = "Updates and their schedule"

ATTRIBUTES = (
    Point("(1)(i)", DETAILS, "developer and contact",
          lambda _: left_open(f"name and contact: {DEVELOPER}")),
    Point("(1)(ii)", DETAILS, "who paid for the development",
          lambda _: left_open(f"source of funding: {DEVELOPER}")),
    Point("(1)(iii)", DETAILS, "what value comes out", _output),
    Point("(1)(iv)", DETAILS, "kind of output", _output_type),
    Point("(2)(i)", PURPOSE, "intended use", _use),
    Point("(2)(ii)", PURPOSE, "intended patients", _population),
    Point("(2)(iii)", PURPOSE, "intended users", _users),
    Point("(2)(iv)", PURPOSE, "part in a decision", _role),
    Point("(3)(i)", CAUTIONED, "where not to use it", _cautioned),
    Point("(3)(ii)", CAUTIONED, "known risks and limits", _known_risks),
    Point("(4)(i)", DEVELOPMENT, "who was in the training data", _criteria),
    Point("(4)(ii)", DEVELOPMENT, "demographic facts among the inputs", _variables),
    Point("(4)(iii)", DEVELOPMENT, "whom the training data represent", _representative),
    Point("(4)(iv)", DEVELOPMENT, "how they fit the place of use", _relevance),
    Point("(5)(i)", FAIRNESS, "approach to fair output", _fair),
    Point("(5)(ii)", FAIRNESS, "how bias is kept down", _bias),
    Point("(6)(i)", VALIDATION, "external data and setting", _external_data),
    Point("(6)(ii)", VALIDATION, "who tested", _external_party),
    Point("(6)(iii)", VALIDATION, "whom the external data represent", _external_people),
    Point("(6)(iv)", VALIDATION, "how it was done", _external_process),
    Point("(7)(i)", PERFORMANCE, "validity, data of the training's source", _internal_validity),
    Point("(7)(ii)", PERFORMANCE, "fairness, data of the training's source", _internal_fairness),
    Point("(7)(iii)", PERFORMANCE, "validity, other data", _external_validity),
    Point("(7)(iv)", PERFORMANCE, "fairness, other data", _external_fairness),
    Point("(7)(v)", PERFORMANCE, "studies of its effect on patients", _effect),
    Point("(8)(i)", MAINTENANCE, "how validity is watched", _monitoring),
    Point("(8)(ii)", MAINTENANCE, "validity in local data", _local_validity),
    Point("(8)(iii)", MAINTENANCE, "how fairness is watched", _fairness_monitoring),
    Point("(8)(iv)", MAINTENANCE, "fairness in local data", _local_fairness),
    Point("(9)(i)", UPDATES, "how and how often it is updated", _update),
    Point("(9)(ii)", UPDATES, "how soon faults are corrected", _correction),
)  # fmt: skip
