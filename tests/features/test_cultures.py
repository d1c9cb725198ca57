"""Reports of blood cultures: no word that the catalogue does not know ever counts as growth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.catalogue.cultures import ORGANISMS, SKIN_COMMENSALS
from features.harmonising.cultures import culture_meaning, is_skin_commensal

NO_GROWTH = (
    "no growth", "No significant growth", "no growth to date", "NO GROWTH X5D", "Negative", "neg",
    "negative for growth", "Sterile", "none", "No organisms seen", "no growth detected.",
    "did not grow", "not detected", "0/2 bottles positive", "0 of 2 bottles positive",
    "Preliminary: no growth", "No growth after 48 hours, final report pending", "not positive", "0",
)  # fmt: skip
GROWTH = (
    "Escherichia coli", "E. coli", "E.coli in 2/2 bottles", "S. aureus", "MRSA", "positive",
    "Positive, identification pending", "Gram-negative rods", "gram positive cocci in clusters",
    "Gram negative rods, no further identification", "Coagulase-negative staphylococci", "CoNS",
    "Staphylococcus, coagulase-negative", "Candida albicans", "yeast", "E. coli, no ESBL",
    "Streptococcus viridans and E. coli", "1/2 bottles positive", "1", "pos", "POS", "+", "positiv",
    "S. aureus, contaminant unlikely", "Not a contaminant: E. coli", "E. coli not a contaminant",
    "E. coli, contamination excluded", "E. coli, contamination has been ruled out",
    "Aerobic: E. coli; Anaerobic: no growth", "No growth aerobic, E. coli anaerobic",
    "Aerobic: no growth. Anaerobic: Klebsiella pneumoniae", "left: positive, right: no growth",
)  # fmt: skip
NO_RESULT = (
    "not done", "Culture in progress", "pending", "Growth pending", "cancelled", "see comment",
    "Rejected: clotted", "contaminant", "CoNS, probable contaminant", "mixed skin flora",
    "CoNS, contamination not excluded", "CoNS, contamination cannot be excluded",
    "S. epidermidis, cannot exclude contamination", "Specimen received",
    "Test not performed", "insufficient volume",
)  # fmt: skip
NOT_UNDERSTOOD = (
    "haemolysed", "unknown", "?", "normal", "No MRSA", "No Staphylococcus aureus isolated",
    "Growth: none", "E. coli: not isolated", "MRSA: not detected", "growth, none",
    "No growth, previous culture: E. coli", "consistent with nothing", "blood culture", "2/2",
)  # fmt: skip


@pytest.mark.parametrize("report", NO_GROWTH)
def test_a_report_of_no_growth_is_0(report: str) -> None:
    meaning = culture_meaning("blood_culture", report)
    assert (meaning.number, meaning.reason) == (0.0, None)


@pytest.mark.parametrize("report", GROWTH)
def test_a_report_of_growth_is_1(report: str) -> None:
    meaning = culture_meaning("blood_culture", report)
    assert (meaning.number, meaning.reason) == (1.0, None)


@pytest.mark.parametrize("report", NO_RESULT)
def test_a_report_without_a_result_says_so(report: str) -> None:
    assert culture_meaning("blood_culture", report).reason == "no_value"


@pytest.mark.parametrize("report", NOT_UNDERSTOOD)
def test_a_report_that_is_not_understood_is_counted(report: str) -> None:
    assert culture_meaning("blood_culture", report).reason == "not_a_number"


@given(st.text(alphabet="qwxyzj .,-", max_size=40))
def test_no_unknown_word_is_growth(report: str) -> None:
    assert culture_meaning("blood_culture", report).number != 1.0


@given(st.sampled_from((*ORGANISMS, *SKIN_COMMENSALS)), st.sampled_from(("", " sp.", " 2/2")))
def test_every_listed_organism_is_growth(organism: str, ending: str) -> None:
    report = organism.replace("*", "").capitalize() + ending
    assert culture_meaning("blood_culture", report).number == 1.0


@pytest.mark.parametrize(
    ("report", "is_one"),
    [
        ("Staphylococcus epidermidis", True),
        ("2/2 bottles: Staph. epidermidis", True),
        ("Coagulase-negative staphylococci", True),
        ("Staphylococcus, coagulase-negative", True),
        ("Bacillus species, not anthracis", True),
        ("CoNS (S. hominis)", True),
        ("CoNS and E. coli", False),
        ("gram positive bacillus", False),
        ("Lactobacillus", False),
        ("Staphylococcus aureus", False),
        ("consistent growth", False),
        ("positive", False),
    ],
)
def test_a_skin_commensal_is_one_alone(report: str, is_one: bool) -> None:
    assert is_skin_commensal(report) is is_one
