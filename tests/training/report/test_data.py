"""The report's data: whatever number the page shows stands in a table, under columns told."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from training.judging.judged import Seen
from training.judging.rows.evaluation import evaluate
from training.report.data import TABLES
from training.report.examples import Course, Examples, Kind, Mark
from training.report.explained import Explained
from training.report.figures.evaluation import evaluation_figures
from training.report.page import write_report
from training.report.shown import Shown
from training.words.rounding import number

LARGEST_PAGE_BYTES = 5_000_000
COURSE = Course(
    Kind.QUIET, [0.0, 1.0], [0.1, np.nan], [0.2, 0.3], 0.4, [1.5], [0.5], [40.0],
    (Mark(0.5, "Grade", "1"), Mark(0.2, "Anti-IL-6", "")), virtual=True,
)  # fmt: skip
EXPLAINED = Explained(
    pd.DataFrame({"crp": [0.5, -0.25], "crs_grade": [0.25, 0.0]}),
    pd.DataFrame({"crp": [80.0, np.nan]}),
    pd.DataFrame({"first": ["crp"], "second": ["crs_grade"], "strength": [0.05]}),
    np.array([0.1, 0.0]), 2, 90,
)  # fmt: skip
COUNTED = pd.DataFrame({"kind": [str(kind) for kind in Kind], "model": [3, 1, 5, 9]})
SHOWN = Shown(
    {"severe_crs": EXPLAINED},
    {"severe_crs": Examples(COUNTED.assign(persistence=[2, 2, 7, 7]), (), "")},
)
CONTEXT = {"learnt_from": "30 patients", "virtual": True}


def evaluation(virtual):
    generator = np.random.default_rng(1)
    grade = np.tile([0, 1, 2], 60)
    risk = np.array([0.1, 0.3, 0.6])[grade] + generator.uniform(-0.05, 0.05, 180)
    rows = pd.DataFrame(
        {
            "patient_id": np.repeat([f"virtual-{n:02d}" for n in range(30)], 6),
            "as_of": np.tile(pd.date_range("2026-01-01", periods=6, tz="UTC"), 30),
            "outcome": "severe_crs",
            "label": (generator.random(180) < risk).astype(float),
            "at_risk": True,
            "grade": grade,
        }
    )
    scorers = {"model": risk, "persistence": grade / 4, "crp_rule": grade // 2}
    found = evaluate(
        pd.concat([rows.assign(model=name, risk=score) for name, score in scorers.items()]), 10
    )
    on = {"format": "table", "patients": 30, "virtual": virtual, "seen": str(Seen.OTHER_RECORDS)}
    return found | {"judged_on": on, "rejects": {"unknown_code": 3}}


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    found = evaluation(virtual=True)
    write_report(found, evaluation_figures(found), CONTEXT, out, SHOWN)
    return out


@pytest.fixture(scope="module")
def tables(report):
    return {path.stem: pd.read_parquet(path) for path in (report / "tables").glob("*.parquet")}


class Cells(HTMLParser):
    """The figures of the table with a label: what stands in its cells before the interval."""

    def __init__(self, label):
        super().__init__()
        self.label, self.inside, self.open, self.found = label, False, False, []

    def handle_starttag(self, tag, attrs):
        if tag == "table":
            self.inside = dict(attrs).get("aria-label") == self.label
        self.open = tag == "td"

    def handle_endtag(self, tag):
        self.inside &= tag != "table"

    def handle_data(self, data):
        if self.inside and self.open and data.strip():
            self.found.append(data.strip())


@pytest.mark.parametrize(
    ("label", "table", "signed"),
    [
        ("Telling apart and alarms", "metrics", False),
        ("Probabilities", "metrics", False),
        ("Model minus each other scorer: telling apart", "differences", True),
    ],
)
def test_every_number_of_the_main_tables_stands_in_the_tables(label, table, signed, report, tables):
    cells = Cells(label)
    cells.feed((report / "report.html").read_text(encoding="utf-8"))
    shown = [cell for cell in cells.found if cell != "–"]
    kept = {number(value, signed) for value in tables[table]["value"].dropna()}
    assert len(shown) >= 5
    assert set(shown) <= kept


def test_tables_say_what_the_evaluation_says(report, tables):
    found = json.loads((report / "metrics.json").read_text(encoding="utf-8"))
    judged = found["outcomes"]["severe_crs"]
    metrics = tables["metrics"].set_index(["scorer", "metric"])
    for scorer in ("model", "persistence"):
        figure = judged["models"][scorer]["metrics"]["auroc"]
        line = metrics.loc[(scorer, "auroc")]
        assert [line[end] for end in ("value", "low", "high")] == [
            figure[end] for end in ("value", "low", "high")
        ]
    counts = tables["counts"]
    assert (
        counts.loc[counts["stratum"].isna()].set_index("count")["number"].to_dict()
        == (judged["counts"])
    )
    curve = tables["curves"].query("scorer == 'model' and curve == 'roc'")
    sensitivity = curve[curve["quantity"] == "sensitivity"].sort_values("point")["number"]
    assert sensitivity.tolist() == judged["models"]["model"]["curves"]["roc"]["sensitivity"]
    assert set(tables["strata"]["group"]) == {"0", "1", "0-1", "2"}


def test_explanations_and_examples_are_tables_as_well(tables):
    importance = tables["importance"].set_index("analyte")
    assert importance.loc["crp", "mean_absolute"] == pytest.approx(0.375)
    assert importance["persistence"].to_dict() == {"crp": False, "crs_grade": True}
    contributions = tables["contributions"].set_index(["analyte", "row"])
    assert contributions.loc[("crp", 0), ["log_odds", "value"]].tolist() == [0.5, 80.0]
    assert tables["interactions"]["mean_absolute"].tolist() == [0.05]
    assert tables["example_kinds"]["persistence"].tolist() == [2, 2, 7, 7]
    assert tables["example_courses"].empty


def test_a_drawn_course_is_kept_line_by_line(tmp_path):
    found = evaluation(virtual=True)
    drawn = Examples(COUNTED.assign(persistence=0), (COURSE,), "")
    shown = Shown(examples={"severe_crs": drawn})
    figures = {"severe_crs_example_quiet_course": evaluation_figures(found)["severe_crs_decision"]}
    write_report(found, figures, CONTEXT, tmp_path, shown)
    kept = pd.read_parquet(tmp_path / "tables/example_courses.parquet")
    told = [(line.day, line.quantity, line.value) for line in kept.itertuples()]
    assert told[0] == (0.0, "risk", 0.1)
    assert (0.5, "grade", 1.0) in told
    assert {"anti-il-6", "event", "persistence", "crp"} <= set(kept["quantity"])


def test_values_of_patients_who_are_neither_virtual_nor_published_stay_out(tmp_path):
    write_report(evaluation(virtual=False), {}, CONTEXT, tmp_path, Shown(SHOWN.explained))
    kept = pd.read_parquet(tmp_path / "tables/contributions.parquet")
    assert kept["value"].isna().all()
    assert kept["log_odds"].tolist() == [0.5, -0.25, 0.25, 0.0]


def test_every_table_is_written_with_the_columns_that_its_readme_tells(report, tables):
    readme = (report / "tables" / "README.md").read_text(encoding="utf-8")
    assert set(tables) == {table.name for table in TABLES}
    for table in TABLES:
        told = readme.partition(f"## {table.name}.parquet")[2].partition("\n## ")[0]
        assert re.findall(r"^- `(\w+)`", told, flags=re.MULTILINE) == list(tables[table.name])
        identifiers = {"patient_id", "as_of"} & set(tables[table.name])
        assert not identifiers


def test_the_page_as_json_says_what_the_page_says(report):
    told = json.loads((report / "report.json").read_text(encoding="utf-8"))
    page = (report / "report.html").read_text(encoding="utf-8")
    section = told["sections"][0]
    assert section["claim"]["sentence"].replace("'", "&#39;") in page
    assert "<svg" not in json.dumps(told)
    assert [statement["name"] for statement in told["statements"]] == [
        "tripod", "source_attributes",
    ]  # fmt: skip
    for statement in told["statements"]:
        beside = json.loads((report / f"{statement['name']}.json").read_text(encoding="utf-8"))
        assert beside == statement
        assert statement["sentence"] in page


def test_the_page_loads_nothing_and_stays_small(report):
    page = (report / "report.html").read_bytes()
    assert len(page) < LARGEST_PAGE_BYTES
    loads = re.findall(
        rb'(?:src|href|action|data)="(?!#|data:image)[^"]*"|url\(\s*["\']?https?:', page
    )
    assert not loads
    assert b"<script" not in page


def test_every_table_of_the_page_has_headers(report):
    page = (report / "report.html").read_text(encoding="utf-8")
    drawn = re.findall(r"<table aria-label=\"[^\"]+\">.*?</table>", page, flags=re.DOTALL)
    assert len(drawn) == page.count("<table")
    for table in drawn:
        assert '<th scope="col"' in table
        body = table.partition("<tbody>")[2]
        assert body.count("<tr") == body.count('<th scope="row"')


def test_persistence_stands_in_the_tables_of_rules_and_panels(report, tmp_path):
    page = (report / "report.html").read_text(encoding="utf-8")
    rules = page.partition('aria-label="Rules as they stand"><table')[2].partition("</table>")[0]
    assert "(persistence), at the alarm budget" in rules
    figure = {"value": 0.8, "low": None, "high": None, "reason": None}
    names = ("auroc", "auroc_cost", "auprc", "auprc_cost")
    line = {"panel": "minimal", "way": "one model", "columns": 3} | dict.fromkeys(names, figure)
    found = evaluation(virtual=True) | {"panels": {"severe_crs": [line]}}
    page = write_report(found, {}, CONTEXT, tmp_path).read_text(encoding="utf-8")
    panels = page.partition('aria-label="What less measured costs"><table')[2]
    assert "(persistence)" in panels.partition("</table>")[0]
