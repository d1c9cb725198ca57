"""The catalogue against molar masses, check digits, prefixes and the traps of the codes."""

import re
from collections import Counter
from itertools import pairwise

import pytest

from features.catalogue import (
    ANALYTES,
    BLOOD_PRESSURE,
    CLASS_KEYS,
    CODES,
    DRUGS,
    KEYS,
    STATES,
    DrugClass,
    StateKind,
    codes_of,
    key_of,
)
from features.harmonising.conversions import route
from features.readers.physionet2019 import MEASURED_COLUMNS
from features.readers.prcrs import DAILY_COLUMNS
from features.tables import RejectReason
from features.units import Conversion, ucum_units

# g/mol: IUPAC standard atomic weights 2021 (Ca, Mg, Na, K, Cl, P, N) and sums of them by formula;
# proteins by sequence: albumin P02768 without signal, NT-proBNP 1-76, BNP-32, haemoglobin per chain
# with haem (mean of alpha and beta).
MOLAR_MASSES = {
    "creatinine": 113.12,  # C4H7N3O
    "bilirubin_total": 584.67,  # C33H36N4O6
    "bilirubin_direct": 584.67,
    "uric_acid": 168.11,  # C5H4N4O3
    "sodium": 22.990,
    "potassium": 39.098,
    "chloride": 35.45,
    "calcium": 40.078,
    "calcium_ionized": 40.078,
    "magnesium": 24.305,
    "phosphate": 30.974,  # as phosphorus
    "glucose": 180.16,  # C6H12O6
    "lactate": 90.08,  # C3H6O3
    "triglycerides": 885.4,  # triolein C57H104O6
    "urea{urea}": 60.06,  # CH4N2O
    "urea{urea_nitrogen}": 28.014,  # N2: two nitrogens a molecule
    "hemoglobin": 16_114.5,
    "albumin": 66_500,
    "fibrinogen": 340_000,
    "crp": 105_000,  # unverified: five chains of 23 kDa would be 115 kDa; rarely used
    "ferritin": 445_000,
    "nt_probnp": 8_457.5,
    "bnp": 3_464.0,
    "beta2_microglobulin": 11_800,
}
BASES = {"g", "mol", "U", "kat", "eq"}
PREFIXES = {"": 1.0, "k": 1e3, "d": 1e-1, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15}
CONCENTRATION = re.compile(r"(k|d|m|u|n|p|f|)(g|mol|U|\[IU\]|kat|eq)/(k|d|m|u|n|p|f|)L(\{.*\})?")


def per_litre(unit: str) -> tuple[float, str, str]:
    """A concentration's size in its base unit per litre, that base unit, and what it counts."""
    found = CONCENTRATION.fullmatch(unit)
    if found is None:
        return 1.0, unit, ""
    above, base, below, counted = found.groups()
    return PREFIXES[above] / PREFIXES[below], base.replace("[IU]", "U"), counted or ""


def slope(key: str, unit: str) -> float:
    conversion = ANALYTES[key].conversion(unit)
    assert conversion is not None
    return conversion.slope


BETWEEN_MASS_AND_AMOUNT = [
    (key, unit)
    for key, analyte in ANALYTES.items()
    for unit in analyte.conversions
    if {per_litre(unit)[1], per_litre(analyte.unit)[1]} == {"g", "mol"}
]


@pytest.mark.parametrize(("key", "unit"), BETWEEN_MASS_AND_AMOUNT)
def test_mass_and_amount_of_substance_convert_by_the_molar_mass(key: str, unit: str) -> None:
    size, base, counted = per_litre(unit)
    canonical_size, _, _ = per_litre(ANALYTES[key].unit)
    mass = MOLAR_MASSES[key + counted]
    expected = size * mass if base == "mol" else size / mass
    assert slope(key, unit) == pytest.approx(expected / canonical_size, rel=2e-3)


@pytest.mark.parametrize("key", ANALYTES)
def test_prefixes_convert_by_powers_of_ten(key: str) -> None:
    size, base, counted = per_litre(ANALYTES[key].unit)
    for unit in ANALYTES[key].conversions:
        given_size, given_base, given_counted = per_litre(unit)
        if (given_base, given_counted) == (base, counted) and given_base in BASES:
            assert slope(key, unit) == pytest.approx(given_size / size)


COUNTS_BY_HAND = {
    # one cell in a millionth of a litre is a million in a litre, and so on
    "10*3/uL": 1.0, "10*6/mL": 1.0, "/nL": 1.0, "/uL": 1e-3, "10*6/L": 1e-3, "10*4/uL": 10.0,
    "10*12/L": 1e3, "10*6/uL": 1e3, "10*3/mL": 1e-3, "/mL": 1e-6, "/L": 1e-9,
}  # fmt: skip


@pytest.mark.parametrize("key", ["platelets", "wbc", "neutrophils", "lymphocytes", "monocytes"])
def test_cell_counts_convert_by_powers_of_ten(key: str) -> None:
    assert ANALYTES[key].unit == "10*9/L"
    assert dict(ANALYTES[key].conversions) == pytest.approx(COUNTS_BY_HAND)


@pytest.mark.parametrize(
    ("key", "given", "unit", "expected"),
    [
        ("temperature", 104.0, "[degF]", 40.0),
        ("temperature", 310.15, "K", 37.0),
        ("ph", 40.0, "nmol/L", 7.39794),
        ("pao2", 13.3322, "kPa", 100.0),
        ("hematocrit", 0.42, "1", 42.0),
        ("fio2", 40.0, "%", 0.4),
        ("alt", 1.0, "ukat/L", 60.0),
        ("troponin_i", 0.04, "ng/mL", 40.0),
        ("prealbumin", 225.0, "mg/L", 0.225),
        ("weight", 154.0, "[lb_av]", 69.853),
        ("height", 70.0, "[in_i]", 177.8),
        ("oxygen_flow", 60.0, "L/h", 1.0),
        ("calcium", 5.0, "meq/L", 2.5),
        ("red_cells", 450.0, "10*4/uL", 4.5),
        ("egfr", 1.5, "mL/s/{1.73_m2}", 90.0),
        ("d_dimer", 250.0, "ng/mL{DDU}", 0.5),
        ("hemoglobin", 8.5, "mmol/L", 136.97),
    ],
)
def test_a_published_pair_of_numbers_converts(
    key: str, given: float, unit: str, expected: float
) -> None:
    conversion = ANALYTES[key].conversion(unit)
    assert conversion is not None
    assert float(conversion.convert(given)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("key", ANALYTES)
def test_every_unit_of_the_catalogue_is_read_as_itself(key: str) -> None:
    for unit in (ANALYTES[key].unit, *ANALYTES[key].conversions):
        assert ucum_units(unit) == (unit,)


@pytest.mark.parametrize("spelling", ["G/L", "G/l"])
def test_a_spelling_of_two_meanings_has_one_for_each_analyte(spelling: str) -> None:
    for analyte in ANALYTES.values():
        assert sum(analyte.conversion(unit) is not None for unit in ucum_units(spelling)) <= 1


@pytest.mark.parametrize("key", ANALYTES)
def test_ranges_are_ordered(key: str) -> None:
    analyte = ANALYTES[key]
    low = analyte.plausible_low if analyte.reference_low is None else analyte.reference_low
    high = analyte.plausible_high if analyte.reference_high is None else analyte.reference_high
    assert analyte.plausible_low <= low <= high <= analyte.plausible_high


@pytest.mark.parametrize("key", ANALYTES)
def test_numbers_without_unit_have_one_reading_and_a_plausible_one(key: str) -> None:
    analyte = ANALYTES[key]
    ranges = sorted((assumed.low, assumed.high) for assumed in analyte.assumed_units)
    assert all(before[1] < after[0] for before, after in pairwise(ranges))
    for assumed in analyte.assumed_units:
        conversion = analyte.conversion(assumed.unit)
        assert conversion is not None
        assert float(conversion.convert(assumed.high)) <= analyte.plausible_high + 0.1


@pytest.mark.parametrize(
    "key",
    ["crp", "creatinine", "hemoglobin", "platelets", "d_dimer", "troponin_i", "nt_probnp", "weight",
     "bilirubin_total", "glucose", "fibrinogen", "albumin", "urea", "calcium"],
)  # fmt: skip
def test_an_analyte_with_rival_units_is_never_read_without_one(key: str) -> None:
    assert ANALYTES[key].assumed_units == ()


def luhn_digit(digits: str) -> int:
    """The mod-10 check digit, as LOINC computes it (LOINC Users' Guide, appendix)."""
    doubled = [int(d) * 2 if place % 2 == 0 else int(d) for place, d in enumerate(digits[::-1])]
    return -sum(number // 10 + number % 10 for number in doubled) % 10


@pytest.mark.parametrize("code", [code for code in CODES if code.startswith("LOINC//")])
def test_every_loinc_code_ends_in_its_check_digit(code: str) -> None:
    body, digit = code.removeprefix("LOINC//").split("-")
    assert int(digit) == luhn_digit(body)


@pytest.mark.parametrize("drug", DRUGS.values(), ids=DRUGS)
def test_atc_codes_have_their_seven_characters(drug) -> None:
    assert all(re.fullmatch(r"[A-Z]\d{2}[A-Z]{2}\d{2}", code) for code in drug.atc)


def test_no_code_and_no_key_stands_for_two_things() -> None:
    codes = [
        *(f"LOINC//{code}" for row in ANALYTES.values() for code in row.loinc),
        *(f"OMOP//{code}" for row in ANALYTES.values() for code in row.omop),
        *(f"OMOP//{code}" for row in DRUGS.values() for code in row.omop),
        *(f"ATC//{code}" for row in DRUGS.values() for code in row.atc),
        *(f"RXNORM//{code}" for row in DRUGS.values() for code in row.rxnorm),
        *(code for row in STATES.values() for code in row.codes),
        *codes_of(BLOOD_PRESSURE),
        *ANALYTES, *DRUGS, *STATES,
    ]  # fmt: skip
    assert [code for code, count in Counter(codes).items() if count > 1] == []
    class_keys = {key for keys in CLASS_KEYS.values() for key in keys}
    assert class_keys.isdisjoint({*ANALYTES, *DRUGS, *STATES})
    assert sorted(KEYS) == list(KEYS)


@pytest.mark.parametrize(
    ("code", "key"),
    [
        ("LOINC//1988-5", "crp"),
        ("LOINC//30522-7", "crp"),  # the high-sensitivity assay is merged
        ("loinc//777-3", "platelets"),
        (" LOINC//8310-5 ", "temperature"),
        ("OMOP//3020460", "crp"),
        ("OMOP//1518254", "dexamethasone"),
        ("ATC//L01FX24", "teclistamab"),
        ("RxNorm//612865", "tocilizumab"),
        ("LOINC//85354-9", BLOOD_PRESSURE),
        ("LOINC//600-7", "blood_culture"),
        ("LOINC//14805-6", "ldh_pyruvate_to_lactate"),
        ("LOINC//770-8", "neutrophils_percent"),
        ("LOINC//751-8", "neutrophils"),
        ("LOINC//2708-6", "spo2"),
        ("LOINC//19889-5", "etco2"),
        ("MEDS_BIRTH", "birth"),
        ("crp", "crp"),
        ("LOINC//2161-8", None),  # creatinine of urine
        ("LOINC//2705-2", None),  # venous oxygen pressure
        ("RXNORM//8339", None),  # piperacillin alone
        ("CRP", "crp"),
        ("", None),
    ],
)
def test_a_code_finds_its_key(code: str, key: str | None) -> None:
    assert key_of(code) == key


def factor(key: str, code: str, unit: str | None) -> float:
    (way,) = route(key, code, unit).ways
    return way.conversion.slope


def test_milligrams_per_decilitre_of_urea_are_read_by_the_loinc_code() -> None:
    assert factor("urea", "LOINC//3094-0", "mg/dL") == pytest.approx(10 / 28.014, rel=1e-3)
    assert factor("urea", "LOINC//3091-6", "mg/dL") == pytest.approx(10 / 60.06, rel=1e-3)
    assert route("urea", "urea", "mg/dL").reason is RejectReason.AMBIGUOUS_UNIT
    assert factor("urea", "LOINC//14937-7", "mmol/L") == 1


def test_d_dimer_units_are_read_by_the_loinc_code() -> None:
    assert factor("d_dimer", "LOINC//48065-7", "ng/mL") == pytest.approx(0.001)
    assert factor("d_dimer", "LOINC//48066-5", "ng/mL") == pytest.approx(0.002)
    assert factor("d_dimer", "LOINC//48066-5", "ng/mL FEU") == pytest.approx(0.001)
    for code in ("d_dimer", "LOINC//7799-0"):
        assert route("d_dimer", code, "ng/mL").reason is RejectReason.AMBIGUOUS_UNIT


@pytest.mark.parametrize(
    ("key", "unit", "twins"),
    [
        ("urea", "mg/dL", {3013682: "3094-0", 3004295: "6299-2", 3034204: "3091-6"}),
        (
            "d_dimer",
            "ng/mL",
            {3051714: "48065-7", 3052648: "48067-3", 42870366: "71427-9", 3048530: "48066-5",
             3052716: "48058-2", 37021210: "91556-1"},
        ),
        ("egfr", "mL/min", {3030354: "33914-3", 40764999: "62238-1", 40771922: "69405-9"}),
    ],
)  # fmt: skip
def test_a_concept_converts_like_the_loinc_code_it_stands_for(
    key: str, unit: str, twins: dict[int, str]
) -> None:
    for concept, loinc in twins.items():
        assert key_of(f"OMOP//{concept}") == key_of(f"LOINC//{loinc}") == key
        assert factor(key, f"OMOP//{concept}", unit) == factor(key, f"LOINC//{loinc}", unit)


def test_every_code_with_an_ending_belongs_to_its_analyte_and_every_kind_of_code_has_one() -> None:
    depending = [analyte for analyte in ANALYTES.values() if analyte.code_units]
    assert {analyte.key for analyte in depending} == {"d_dimer", "urea", "egfr"}
    for analyte in depending:
        known = {*analyte.loinc, *map(str, analyte.omop)}
        assert set(analyte.code_units) <= known
        assert set(analyte.code_units) & set(map(str, analyte.omop))


def test_a_glomerular_filtration_rate_without_body_surface_needs_a_loinc_code() -> None:
    assert factor("egfr", "LOINC//98979-8", "mL/min") == 1
    assert route("egfr", "egfr", "mL/min").ways == ()


@pytest.mark.parametrize(
    ("key", "unit"),
    [
        ("soluble_il2r", "pg/mL"),
        ("il6", "IU/mL"),
        ("pt", "%"),
        ("neutrophils", "%"),
        ("crp", "U/L"),
    ],
)
def test_a_unit_of_another_quantity_is_refused(key: str, unit: str) -> None:
    told = route(key, key, unit)
    assert (told.ways, told.reason) == ((), RejectReason.UNKNOWN_UNIT)


@pytest.mark.parametrize(
    ("code", "unit"), [*MEASURED_COLUMNS.values(), *DAILY_COLUMNS.values()], ids=str
)
def test_every_column_of_the_public_files_can_be_read(code: str, unit: str) -> None:
    key = key_of(code)
    assert key is not None
    assert route(key, code, unit).ways


@pytest.mark.parametrize(
    ("key", "milligrams"),
    [("dexamethasone", 0.75), ("methylprednisolone", 4), ("prednisolone", 5), ("prednisone", 5),
     ("hydrocortisone", 20)],
)  # fmt: skip
def test_equivalent_steroid_doses_are_equal(key: str, milligrams: float) -> None:
    equivalent = DRUGS[key].dexamethasone_equivalent
    assert equivalent is not None
    assert milligrams * equivalent == pytest.approx(0.75)


def test_classes_say_who_blocks_what() -> None:
    keys = {key: set(CLASS_KEYS[drug.drug_class]) for key, drug in DRUGS.items()}
    by_class = {
        name: {key for key, classes in keys.items() if name in classes}
        for name in ("il6_receptor_blocker", "il6_blocker", "cytokine_blocker", "inotrope")
    }
    assert by_class == {
        "il6_receptor_blocker": {"tocilizumab", "sarilumab"},
        "il6_blocker": {"tocilizumab", "sarilumab", "siltuximab"},
        "cytokine_blocker": {"tocilizumab", "sarilumab", "siltuximab", "anakinra"},
        "inotrope": {"dobutamine"},
    }
    assert set(CLASS_KEYS) == set(DrugClass)
    assert {drug.drug_class for drug in DRUGS.values()} == set(DrugClass)


def test_words_of_states_lie_in_their_range() -> None:
    for state in STATES.values():
        assert (state.kind is StateKind.WORD) == bool(state.words)
        assert all(state.low <= number <= state.high for number in state.words.values())
        assert all(word == word.lower() and " " not in word for word in state.words)


def test_oxygen_devices_rise_with_support() -> None:
    words = STATES["oxygen_device"].words
    devices = ["room_air", "nasal_cannula", "high_flow", "face_mask", "cpap", "ventilator"]
    assert [words[device] for device in devices] == [0, 1, 2, 3, 4, 5]


def test_a_conversion_may_not_be_missing_from_the_analyte() -> None:
    assert ANALYTES["crp"].conversion("mmol/L") is None
    assert ANALYTES["crp"].conversion("mg/L") == Conversion(1.0)
