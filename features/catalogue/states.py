"""States: what a course is made of besides laboratory values and drugs, and the words for it."""

from features.catalogue.kinds import State, StateKind

SEXES = {"female": 0, "f": 0, "woman": 0, "male": 1, "m": 1, "man": 1}

DISEASES = {
    "other": 0,
    "myeloma": 1,
    "multiple_myeloma": 1,
    "dlbcl": 2,
    "lbcl": 2,
    "fl": 3,
    "mcl": 4,
    "b_all": 5,
    "sclc": 6,
    "uveal_melanoma": 7,
}

# By rising support; high flow and face mask both define ASTCT grade 3.
OXYGEN_DEVICES = {
    "room_air": 0,
    "none": 0,
    "nasal_cannula": 1,
    "low_flow": 1,
    "blow_by": 1,
    "high_flow": 2,
    "high_flow_nasal_cannula": 2,
    "face_mask": 3,
    "non_rebreather": 3,
    "venturi": 3,
    "venturi_mask": 3,
    "cpap": 4,
    "bipap": 4,
    "non_invasive_ventilation": 4,
    "ventilator": 5,
    "invasive_ventilation": 5,
    "intubated": 5,
}

INFECTION_FOCI = {
    "pneumonia": 1,
    "urinary_tract": 2,
    "pyelonephritis": 2,
    "cellulitis": 3,
    "abscess": 4,
    "cholangitis": 5,
    "colitis": 6,
    "typhlitis": 6,
    "peritonitis": 7,
    "sinusitis": 8,
    "meningitis": 9,
    "encephalitis": 9,
    "endocarditis": 10,
    "catheter_site": 11,
    "other": 12,
}

YES_NO = {"no": 0, "false": 0, "yes": 1, "true": 1}

STATES = (
    State(
        "birth",
        "Birth",
        StateKind.MOMENT,
        codes=("MEDS_BIRTH",),
        note="Its time is the birth date.",
    ),
    State("sex", "Sex", StateKind.WORD, 0, 1, words=SEXES, timeless=True),
    State(
        "age",
        "Age at the first record, where no birth date is known",
        StateKind.NUMBER,
        0,
        120,
        "a",
        timeless=True,
    ),
    State(
        "disease", "Disease under treatment", StateKind.WORD, 0, 7, words=DISEASES, timeless=True
    ),
    State("prior_lines", "Earlier lines of treatment", StateKind.NUMBER, 0, 30, timeless=True),
    State(
        "tumour_burden",
        "Tumour burden",
        StateKind.NUMBER,
        0,
        1,
        conversions={"%": 0.01},
        timeless=True,
        note="Fraction.",
    ),
    State(
        "blasts",
        "Blasts in the marrow",
        StateKind.NUMBER,
        0,
        1,
        conversions={"%": 0.01},
        timeless=True,
        note="Fraction.",
    ),
    State(
        "cell_dose",
        "CAR-T cells given",
        StateKind.NUMBER,
        0,
        1e12,
        "{cells}",
        conversions={"/kg": 1, "10*6": 1e6, "10*6/kg": 1e6},
        timeless=True,
        note="Cells, or cells per kg: the public file does not say which.",
    ),
    State("observation_start", "Start of the time that the source covers", StateKind.MOMENT),
    State("observation_end", "End of the time that the source covers", StateKind.MOMENT),
    State("admission", "Admission to hospital", StateKind.MOMENT),
    State("discharge", "Discharge from hospital", StateKind.MOMENT),
    State("icu_admission", "Admission to intensive care", StateKind.MOMENT),
    State("death", "Death", StateKind.MOMENT, codes=("MEDS_DEATH",)),
    State(
        "crs_grade",
        "Documented grade of CRS (ASTCT 2019)",
        StateKind.GRADE,
        0,
        5,
        unit="{score}",
        conversions={"1": 1},
        note="5 is death from CRS.",
    ),
    State(
        "icans_grade",
        "Documented grade of ICANS (ASTCT 2019)",
        StateKind.GRADE,
        0,
        5,
        unit="{score}",
        conversions={"1": 1},
    ),
    State("infection_onset", "Onset of a clinically significant infection", StateKind.MOMENT),
    State("oxygen_device", "Oxygen device", StateKind.WORD, 0, 5, words=OXYGEN_DEVICES),
    State(
        "blood_culture",
        "Blood culture",
        StateKind.CULTURE,
        0,
        1,
        codes=(
            "LOINC//600-7",
            "LOINC//17928-3",
            "LOINC//17934-1",
            "OMOP//3023368",
            "OMOP//3005745",
            "OMOP//3006673",
        ),
    ),
    State(
        "pathogen_test",
        "Pathogen by PCR, antigen, or a culture other than of blood",
        StateKind.CULTURE,
        0,
        1,
    ),
    State(
        "infection_focus",
        "Documented focus of infection",
        StateKind.WORD,
        1,
        12,
        words=INFECTION_FOCI,
        note="By examination or imaging: pneumonia, cholangitis, cellulitis.",
    ),
    State(
        "medical_icu",
        "In a medical intensive care unit",
        StateKind.WORD,
        0,
        1,
        words=YES_NO,
        timeless=True,
    ),
    State(
        "surgical_icu",
        "In a surgical intensive care unit",
        StateKind.WORD,
        0,
        1,
        words=YES_NO,
        timeless=True,
    ),
    State(
        "hospital_to_icu",
        "Hours from admission to intensive care, negative",
        StateKind.NUMBER,
        -1e5,
        1e5,
        "h",
        conversions={"d": 24},
        timeless=True,
        note="PhysioNet 2019: HospAdmTime.",
    ),
)

BLOOD_PRESSURE = "blood_pressure"
"""A panel without a value of its own: its text "120/80" is two measurements."""

BLOOD_PRESSURE_CODES = (
    BLOOD_PRESSURE,
    "LOINC//85354-9",
    "LOINC//55284-4",
    "LOINC//35094-2",  # unverified
    "OMOP//36203185",
    "OMOP//40758413",
)
