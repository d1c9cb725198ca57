"""The row types of the catalogue: what an analyte, a drug and a state declare about themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf

from features.units import Conversion


class AnalyteKind(StrEnum):
    """Where a number comes from."""

    LABORATORY = "laboratory"
    VITAL_SIGN = "vital_sign"
    BODY = "body"  # weight, height: known once, valid for long
    SCORE = "score"  # points given at the bedside


@dataclass(frozen=True)
class AssumedUnit:
    """A number from `low` to `high` that comes without a unit is read in `unit`."""

    low: float
    high: float
    unit: str


@dataclass(frozen=True)
class Analyte:
    """One measured quantity.

    `unit` is the canonical UCUM unit. `conversions` names the other accepted units, each with the
    factor (or the `Conversion`) to the canonical one; whatever is not named is not converted.
    `reference_low`, `reference_high`: usual adult range, None where there is no such limit. Every
    laboratory prints its own, so these order values by abnormality and grade none (unverified).
    `plausible_low`, `plausible_high`: outside, a value is an error of recording (unverified: wide
    enough for the sickest patient, narrow enough to catch a wrong unit or a lost decimal point).
    `assumed_units`: the only numbers accepted without a unit. `code_units` ends an incomplete unit
    by what the LOINC code or OMOP concept itself says: mg/dL under 3094-0 is mg/dL of urea
    *nitrogen*.
    `timeless`: may be known without a time. `note`: what the next reader has to know.
    """

    key: str
    name: str
    unit: str
    plausible_low: float
    plausible_high: float
    reference_low: float | None = None
    reference_high: float | None = None
    loinc: tuple[str, ...] = ()
    omop: tuple[int, ...] = ()
    conversions: Mapping[str, float | Conversion] = field(default_factory=dict)
    assumed_units: tuple[AssumedUnit, ...] = ()
    code_units: Mapping[str, str] = field(default_factory=dict)
    kind: AnalyteKind = AnalyteKind.LABORATORY
    timeless: bool = False
    note: str = ""

    def conversion(self, unit: str) -> Conversion | None:
        """From a UCUM unit to the canonical one; None where the catalogue has no way.

        >>> Analyte("lactate", "Lactate", "mmol/L", 0.1, 40).conversion("mmol/L")
        Conversion(slope=1.0, offset=0.0, of_log10=False)
        """
        if unit == self.unit:
            return Conversion(1.0)
        declared = self.conversions.get(unit)
        return Conversion(declared) if isinstance(declared, int | float) else declared

    @property
    def has_detection_limit(self) -> bool:
        """True where none at all is possible, so that "<5" speaks of the assay, not the patient."""
        return self.plausible_low == 0


class DrugClass(StrEnum):
    """What a drug is given for; one drug, one class."""

    BISPECIFIC = "bispecific"
    CAR_T = "car_t"
    IL6_RECEPTOR_BLOCKER = "il6_receptor_blocker"
    IL6_LIGAND_BLOCKER = "il6_ligand_blocker"
    IL1_BLOCKER = "il1_blocker"
    JAK_INHIBITOR = "jak_inhibitor"
    CORTICOSTEROID = "corticosteroid"
    G_CSF = "g_csf"
    VASOPRESSOR = "vasopressor"
    INOTROPE = "inotrope"
    ANTIPYRETIC = "antipyretic"
    IMMUNOGLOBULIN = "immunoglobulin"
    ANTIMICROBIAL_PROPHYLAXIS = "antimicrobial_prophylaxis"
    ANTIMICROBIAL_TREATMENT = "antimicrobial_treatment"
    CYTOTOXIC = "cytotoxic"
    ANTI_CD20 = "anti_cd20"


@dataclass(frozen=True)
class Drug:
    """One substance; its events carry the dose as given.

    `rxnorm` holds ingredients, `omop` standard ingredient concepts; empty where none was found.
    `dexamethasone_equivalent` is mg of dexamethasone that 1 mg of the drug stands for.
    """

    key: str
    name: str
    drug_class: DrugClass
    atc: tuple[str, ...]
    rxnorm: tuple[str, ...] = ()
    omop: tuple[int, ...] = ()
    dexamethasone_equivalent: float | None = None
    note: str = ""

    @property
    def is_infusion(self) -> bool:
        """True where events carry rates, so that 0 says that it was stopped; else 0 is no dose."""
        return self.drug_class in (DrugClass.VASOPRESSOR, DrugClass.INOTROPE)


class StateKind(StrEnum):
    """What the value of a state says."""

    MOMENT = "moment"  # it happened then; there is no value (NaN)
    NUMBER = "number"  # a number in the state's unit
    WORD = "word"  # one of a closed list of words, each with its number
    GRADE = "grade"  # a whole number, also as "Grade 3" or "III"
    NAME = "name"  # of the source's own choice; events carry the number that stands for it
    CULTURE = "culture"  # an organism's name, or words that say that none grew


@dataclass(frozen=True)
class State:
    """Something about a patient that is neither measured in a laboratory nor given as a drug.

    `words` maps each accepted lower-case text to its number. Numbers must lie in `low` to `high`.
    """

    key: str
    name: str
    kind: StateKind
    low: float = -inf
    high: float = inf
    unit: str = "1"
    conversions: Mapping[str, float] = field(default_factory=dict)
    words: Mapping[str, float] = field(default_factory=dict)
    codes: tuple[str, ...] = ()
    timeless: bool = False
    note: str = ""
