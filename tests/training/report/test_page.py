"""The report: what it says, that nothing leaves the page, that it is whole."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from features.outcomes import Outcome
from training.apply import challenge_utility
from training.config import TrainingConfig
from training.dataset import Cohort, Events
from training.judging.judged import Seen, scored_rows
from training.judging.rows.evaluation import evaluate
from training.judging.rows.metrics import METRICS
from training.report.examples import Course, Examples, Kind, Mark
from training.report.explained import Explained
from training.report.figures.canvas import ranks
from training.report.figures.captions import reversed_il6
from training.report.figures.contributions import contribution_figure
from training.report.figures.course import WATERMARK, course_figure
from training.report.figures.curves import calibration_figure, decision_figure
from training.report.figures.doubt import abstention_figure
from training.report.figures.evaluation import evaluation_figures
from training.report.figures.explained import importance_figure
from training.report.figures.looks import COLOURS as LOOKS
from training.report.figures.rankings import stratum_figure
from training.report.figures.svg import svg
from training.report.page import write_report
from training.report.shown import Shown
from training.statements.card import card_text
from training.train import train
from training.words.names import THERAPY
from training.words.rounding import number, share

CONTEXT = {
    "learnt_from": "60 <virtual> patients",
    "virtual": True,
    "features": {"severe_crs": {"crp": 3}},
}
VOID = {"meta", "br", "path", "use", "img", "link", "image"}


def on(file_format="prcrs", virtual=False, seen=Seen.OTHER_RECORDS):
    """What an evaluation says of the patients judged."""
    return {"format": file_format, "patients": 60, "virtual": virtual, "seen": str(seen)}


def scored(events=True, seed=0, outcome="severe_crs", graded=True, **more):
    """60 patients of 8 days: risk 0.1, 0.3 or 0.6, and outcomes as often as foretold."""
    generator = np.random.default_rng(seed)
    grade = np.tile([0, 1, 2, 0], 120)
    risk = np.array([0.1, 0.3, 0.6])[grade] + generator.uniform(-0.05, 0.05, 480)
    label = (generator.random(480) < risk).astype(float) if events else np.zeros(480)
    rows = pd.DataFrame(
        {
            "patient_id": np.repeat([f"virtual-{n:02d}" for n in range(60)], 8),
            "as_of": np.tile(pd.date_range("2026-01-01", periods=8, tz="UTC"), 60),
            "outcome": outcome,
            "label": label,
            "at_risk": True,
            "grade": grade if graded else np.nan,
        }
    )
    scorers = {"model": risk, "persistence": grade / 4, "crp": risk * 100, "crp_rule": grade // 2}
    scorers |= {name: make(risk) for name, make in more.items()}
    return pd.concat([rows.assign(model=name, risk=score) for name, score in scorers.items()])


@pytest.fixture(scope="module")
def evaluation():
    found = evaluate(scored(), bootstrap=40)
    return found | {
        "rejects": {"unknown_code": 3, "filled_constant": 4211},
        "notes": ["filled constants: 4,211 values in 31 columns"],
        "judged_on": on(virtual=True, seen=Seen.CROSS_VALIDATED),
    }


SHARES = pd.DataFrame({"crp": [0.5, -0.2, 0.1], "ferritin": [0.0, 0.0, 0.3]})
VALUES = pd.DataFrame({"crp": [80.0, 3.0, np.nan]})
PAIRS = pd.DataFrame({"first": ["crp"], "second": ["ferritin"], "strength": [0.05]})
MARKS = (Mark(0.5, "Grade", "1"), Mark(0.2, "Anti-IL-6", ""))
COURSE = Course(
    Kind.TRUE_ALARM, [0, 1, 2], [0.1, np.nan, 0.4], [0.1, np.nan, 0.2], 0.3, [1.2], [0.5], [40.0],
    MARKS, virtual=True,
)  # fmt: skip
COUNTED = pd.DataFrame({"kind": [str(k) for k in Kind], "model": [31, 2, 7, 20], "persistence": 15})


@pytest.fixture(scope="module")
def shown():
    """Three explained rows and one drawn course, as a training run gives them."""
    explained = Explained(SHARES, VALUES, PAIRS, np.array([0.1, 0.0, 0.05]), 3, 480)
    examples = Examples(COUNTED, (COURSE,), "Nobody with enough rows to draw: missed event.")
    return Shown({"severe_crs": explained}, {"severe_crs": examples})


@pytest.fixture(scope="module")
def page(evaluation, shown, tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    figures = evaluation_figures(evaluation)
    explained = shown.explained["severe_crs"]
    figures["severe_crs_importance"] = importance_figure(explained, "severe_crs", THERAPY)
    figures["severe_crs_contributions"] = contribution_figure(SHARES, VALUES, "severe_crs")
    figures["severe_crs_example_true_alarm"] = course_figure(COURSE, "severe_crs", THERAPY)
    return write_report(evaluation, figures, CONTEXT, out, shown)


class Tags(HTMLParser):
    """Collects the tags, and fails on one that closes another."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


def test_the_page_is_whole_and_asks_nothing_of_a_network_or_a_script(page):
    tags = Tags()
    tags.feed(page.read_text(encoding="utf-8"))
    assert not tags.open
    names = {name for name, _ in tags.seen}
    assert not names & {"script", "link", "iframe", "object"}
    for _, attributes in tags.seen:
        for name in ("src", "href", "xlink:href"):
            target = attributes.get(name) or "#"
            assert target.startswith(("#", "data:image/png;base64,")), target
    assert "@import" not in page.read_text(encoding="utf-8")


def test_every_anchor_of_the_page_leads_somewhere(page):
    text = page.read_text(encoding="utf-8")
    identifiers = set(re.findall(r'<(?:section|figure)[^>]* id="([^"]+)"', text))
    links = set(re.findall(r'<a href="#([^"]+)"', text))
    assert links <= identifiers


def test_the_page_says_virtual_not_a_device_and_why_records_were_set_aside(page):
    text = page.read_text(encoding="utf-8")
    assert "Learnt from virtual patients" in text
    assert "Not a certified medical device" in text
    assert "60 &lt;virtual&gt; patients" in text
    assert "filled constants: 4,211 values in 31 columns" in text
    assert re.search(r"filled constant</th><td>4,211</td>", text)
    assert text.index("filled constant</th>") < text.index("unknown code</th>")
    assert "C-reactive protein <b>3</b>" in text


def test_the_tables_hold_every_figure_and_the_reason_for_each_gap(page, evaluation):
    text = page.read_text(encoding="utf-8")
    judged = evaluation["outcomes"]["severe_crs"]
    for metric in METRICS:
        assert f">{metric.title}</th>" in text
        value = judged["models"]["model"]["metrics"][metric.name]["value"]
        assert f"<td>{number(value)}" in text, metric.name
    assert "the score is not a probability: values outside 0 to 1" in text
    assert "the rule says yes or no and gives no probability" in text


def test_metrics_json_lies_beside_and_says_the_same(page, evaluation):
    assert json.loads(page.with_name("metrics.json").read_text(encoding="utf-8")) == evaluation


def test_the_same_run_gives_the_same_bytes(evaluation, tmp_path):
    first, second = (
        write_report(evaluation, evaluation_figures(evaluation), CONTEXT, tmp_path / name)
        for name in ("first", "second")
    )
    assert first.read_bytes() == second.read_bytes()


def test_figures_take_the_inks_of_the_page(evaluation):
    drawn = svg(calibration_figure(evaluation["outcomes"]["severe_crs"], "severe_crs"), "a & b")
    assert 'aria-label="a &amp; b"' in drawn
    assert "var(--ink)" in drawn
    assert "#1b2733" not in drawn
    assert drawn.startswith("<svg")
    assert not re.search(r"<svg[^>]*(?:width|height)=", drawn)


class Words(HTMLParser):
    """The words of a page, by the class of the element that they stand in; style left out."""

    def __init__(self):
        super().__init__()
        self.stack, self.found, self.headings = [], [], []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.stack.append((tag, dict(attrs).get("class", "")))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_endtag(self, tag):
        if tag not in VOID:
            self.stack.pop()

    def handle_data(self, data):
        if not {"style", "svg"} & {tag for tag, _ in self.stack}:
            self.found.append(([name for _, name in self.stack], " ".join(data.split())))

    def text(self, wanted=None):
        told = (text for names, text in self.found if wanted is None or wanted in names)
        return " ".join(" ".join(told).split())


def read(page):
    words = Words()
    words.feed(page.read_text(encoding="utf-8"))
    return words


def report(folder, rows, judged_on, virtual=False, **more):
    """A report on scored rows, written and read again."""
    evaluation = evaluate(rows, bootstrap=40) | {"judged_on": judged_on, **more}
    context = CONTEXT | {"virtual": virtual, "learnt_from": "300 patients, format table"}
    return write_report(evaluation, evaluation_figures(evaluation), context, folder)


# Who was judged, and the claim ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("learnt", "judged", "said", "not_said"),
    [
        (True, False, "learnt from virtual patients and was judged on real ones", "at a bedside"),
        (
            True,
            True,
            "judged on virtual patients: the figures show",
            "The patients judged here are",
        ),
        (
            False,
            True,
            "judged on virtual ones: the figures say nothing about",
            "Learnt from virtual",
        ),
        (False, False, "Judged on 60 real patients", "virtual"),
    ],
)
def test_who_taught_the_model_and_who_it_was_judged_on_are_told_apart(
    learnt, judged, said, not_said, tmp_path
):
    text = read(report(tmp_path, scored(), on(virtual=judged), virtual=learnt)).text()
    assert said in text
    assert not_said not in text
    assert f"Judged on 60 {'virtual' if judged else 'real'} patients" in text
    assert "Learnt from 300 patients, format table" in text


def test_the_claim_and_who_was_judged_stand_before_everything_else(tmp_path):
    better = {"persistence": lambda risk: np.roll(risk, 3)}
    page = report(tmp_path, scored(**better), on(seen=Seen.CROSS_VALIDATED))
    words = read(page)
    assert re.fullmatch(
        r"Better than today's grade and day alone: AUROC 0\.\d+ against 0\.\d+, a gain of "
        r"\+0\.\d+ \(95 % interval \+0\.\d+ to \+0\.\d+\)\.",
        words.text("said"),
    )
    who = words.text("who")
    assert who.startswith("Judged on 60 real patients under T-cell-engaging therapy (format prcrs)")
    assert "unseen by the members that judged them (cross-validation): 480 rows at risk" in who
    text = page.read_text(encoding="utf-8")
    assert text.index('class="who"') < text.index("<nav") < text.index("<figure")


def test_a_model_that_loses_is_said_to_lose(tmp_path):
    worse = {"model": lambda risk: np.roll(risk, 3), "persistence": lambda risk: risk}
    words = read(report(tmp_path, scored(**worse), on()))
    assert words.text("said").startswith("Worse than today's grade and day alone: AUROC")
    assert "The simpler one should be used." in words.text("said")
    assert words.text("tag") == "worse"
    assert "A simpler scorer did better by AUROC and average precision" in words.text("plain")


def test_no_gain_is_claimed_where_the_interval_holds_nought(tmp_path):
    words = read(report(tmp_path, scored(persistence=lambda risk: risk), on()))
    assert words.text("said").startswith("No gain over today's grade and day alone was shown")
    assert words.text("said").endswith("the interval includes 0.")


def test_what_is_caught_stands_beside_how_many_alarms_are_right(page, evaluation):
    tiles = json.loads(page.with_name("report.json").read_text("utf-8"))["sections"][0]["cards"]
    right = evaluation["outcomes"]["severe_crs"]["models"]["model"]["metrics"]["ppv_at_budget"]
    prices = {tile["title"]: tile["price"] for tile in tiles if tile["price"]}
    assert list(prices) == ["Caught at 1 alarm in 10 patient-days"]
    assert prices.popitem()[1].startswith(f"{share(right['value'])}\N{NO-BREAK SPACE}% of the")
    assert f"{100 * right['value']:.0f} % of the alarms are right" in read(page).text("price")


def test_the_page_of_a_weighted_run_says_so_above_and_beside_the_figures(tmp_path):
    page = report(tmp_path, scored(), on() | {"weighted": True})
    text = read(page).text()
    assert text.count("Figures are weighted by the sampling weights given") >= 2
    items = {p["number"]: p for p in json.loads((tmp_path / "tripod.json").read_text())["points"]}
    assert "their patient's sampling weight" in items["13"]["answer"]


@pytest.mark.parametrize(("choice", "told"), [("auto", True), ("beta", False)])
def test_the_curve_from_scores_to_risks_is_named_and_who_chose_it(
    evaluation, choice, told, tmp_path
):
    more = {"calibrated": {"severe_crs": "beta"}, "settings": {"calibration": choice}}
    figures = evaluation_figures(evaluation)
    text = read(write_report(evaluation, figures, CONTEXT | more, tmp_path)).text()
    assert text.count("two slopes, one for small and one for large risks (beta)") == 2
    assert ("chosen by the run (--calibration auto)" in text) == told


def test_nothing_is_claimed_on_the_records_that_the_model_learnt_from(tmp_path):
    words = read(report(tmp_path, scored(), on(seen=Seen.TRAINING_RECORDS)))
    assert "every figure flatters it and proves nothing" in words.text("said")
    assert "WHOSE RECORDS THE MODEL LEARNT FROM" in words.text("who")
    assert words.text("plain").startswith("The model learnt from these very records")


def test_risks_far_too_low_are_not_to_be_used(tmp_path):
    low = scored(model=lambda risk: risk / 10)
    words = read(report(tmp_path, low, on()))
    advice = "do not use without recalibration on local patients"
    assert re.fullmatch(
        rf"Its risks are (9\.\d|1\d) times too low; {advice}\.", words.text("alert")
    )
    assert "do not use without recalibration on local patients" in words.text("plain")


def test_stays_of_intensive_care_are_not_spoken_of_as_therapy(tmp_path):
    rows = scored(outcome="infection", graded=False)
    utility = {"model": {"utility": 0.4, "threshold": 0.02},
               "persistence": {"utility": None, "threshold": None}}  # fmt: skip
    page = report(tmp_path, rows, on("physionet2019"), challenge_utility=utility)
    text = read(page).text()
    assert "Judged on 60 real stays in intensive care (format physionet2019)" in text
    assert "than hours in intensive care alone" in text or "over hours in intensive care" in text
    assert "Hours in intensive care (persistence)" in text
    assert "Sepsis in intensive care (onset by Sepsis-3)" in text
    for word in ("today's grade", "Today's grade", "anti-IL-6", "Clinically significant infection"):
        assert word not in text
    assert "by_grade" not in page.read_text(encoding="utf-8")
    assert "Utility in the PhysioNet 2019 challenge" in text


def test_records_without_a_grade_speak_of_the_day_alone(tmp_path):
    page = report(tmp_path, scored(graded=False), on("table"))
    assert "Day of therapy (persistence)" in read(page).text()
    assert "Today's grade and day" not in page.read_text(encoding="utf-8")


# Nothing to judge -----------------------------------------------------------------------------


def nobody_at_risk():
    return scored().assign(at_risk=False)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (scored(events=False), "no event among 480 rows"),
        (nobody_at_risk(), "no row at risk with a known outcome"),
    ],
)
def test_with_nothing_to_judge_there_are_words_and_no_charts(rows, reason, tmp_path):
    page = report(tmp_path, rows, on())
    words, text = read(page), page.read_text(encoding="utf-8")
    assert words.text("said") == f"Nothing can be claimed: {reason}."
    assert f"Nothing can be said about severe CRS: {reason}." in words.text("plain")
    assert "metrics.json holds null with this reason" in words.text("plain")
    assert "<figure" not in text
    assert 'class="card"' not in text
    judged = json.loads((tmp_path / "metrics.json").read_text("utf-8"))["outcomes"]["severe_crs"]
    for metric in METRICS:
        figure = judged["models"]["model"]["metrics"][metric.name]
        assert (figure["value"], figure["reason"]) == (None, reason)


def test_one_event_is_too_few_to_speak_of_an_auroc(tmp_path):
    rows = scored(events=False)
    rows.loc[rows.index == 5, "label"] = 1.0
    page = report(tmp_path, rows, on())
    words = read(page)
    assert "too few events to judge (1 row before one, in 1 patient" in words.text("said")
    told = words.text()
    assert "AUROC" not in told[: told.index("All figures, with 95 % intervals")]
    assert "<figure" not in page.read_text(encoding="utf-8")


def test_a_grade_with_too_few_events_gets_no_figure_and_persistence_stands_beside(tmp_path):
    rows = scored()
    first = rows["label"].where(rows["grade"] == 1).groupby(level=0).transform("max") == 1
    few = rows.index[first][:2]  # rows of one patient or two
    rows.loc[(rows["grade"] == 1) & ~rows.index.isin(few), "label"] = 0.0
    rows.loc[rows["grade"] == 3, "grade"] = 0
    page = report(tmp_path, rows, on())
    text = read(page).text()
    table = text[text.index("By today's grade: the model beside persistence") :]
    assert "AUROC, model AUROC, persistence" in table
    assert re.search(r"Grade 1 today 120 \d+ in \d patients? too few events to judge", table)
    assert re.search(r"Grade 2 today 120 \d+ in \d+ patients? 0\.\d+", table)
    assert re.search(r"Grade 1 today: too few events to judge \(", text)


# What less measured costs ---------------------------------------------------------------------


def test_the_page_shows_what_smaller_panels_cost(tmp_path):
    def figure(value, low, high):
        return {"value": value, "low": low, "high": high, "reason": None}

    line = {
        "panel": "minimal",
        "way": "one model",
        "columns": 22,
        "auroc": figure(0.81, 0.75, 0.86),
        "auroc_cost": figure(0.12, 0.06, 0.18),
        "auprc": figure(0.2, 0.1, 0.3),
        "auprc_cost": figure(0.1, -0.02, 0.2),
    }
    found = evaluate(scored(), bootstrap=5) | {"judged_on": on()}
    without = read(write_report(found, {}, CONTEXT, tmp_path / "without")).text()
    assert "What less measured costs" not in without
    found["panels"] = {"severe_crs": [line]}
    text = read(write_report(found, {}, CONTEXT, tmp_path / "with")).text()
    table = text[text.index("What less measured costs") :]
    assert re.search(r"minimal one model 22 0\.81\d* 0\.75\d* to 0\.86", table)
    assert "+0.12" in table
    kinds = text[text.index("Which interval comes from where") :]
    assert "percentiles of 5 resamples of the whole patients judged" in kinds
    assert "What less measured costs As many resamples, drawn for this table alone" in kinds


# What is left out is counted ------------------------------------------------------------------


def test_rows_left_out_keep_their_fate_and_reach_the_card(ward_records, tmp_path):
    place = tmp_path / "ward.csv"
    ward_records.drop(columns="source").to_csv(place, index=False)
    config = TrainingConfig(
        place, "table", tmp_path / "bundle", (Outcome.SEVERE_CRS,), repeats=1, bootstrap=5,
        learn_every=pd.Timedelta(hours=24), variants=False,
    )  # fmt: skip
    run = train(config)
    fates = run.cohort.labels[Outcome.SEVERE_CRS].counts
    counts = run.evaluation["outcomes"]["severe_crs"]["counts"]
    assert fates["censored"] > 0
    assert fates["not_at_risk"] > 0
    for name in ("censored", "not_at_risk"):
        assert counts[name] == fates[name]
    assert counts["events"] == fates["event"]
    assert counts["rows_in_all"] == sum(fates.values())
    assert run.evaluation["judged_on"] == {
        "format": "table", "patients": 80, "virtual": False, "seen": "cross-validated",
        "weighted": False,
    }  # fmt: skip
    card = (run.bundle.folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert f"{fates['censored']} censored, {fates['not_at_risk']} not at risk" in card
    assert "Judged on 80 real patients under T-cell-engaging therapy (format table" in card
    assert run.scored[["label", "risk"]].notna().all(axis=None)
    every = run.trained[Outcome.SEVERE_CRS].scored
    ours = every[every["model"] == "model"]
    assert ours["risk"].isna().sum() == fates["censored"] + fates["not_at_risk"]


def test_scored_rows_hold_every_row_of_the_grid_once_a_scorer(ward_cohort):
    nothing = np.full(int(ward_cohort.reported.sum()), np.nan)
    rows = scored_rows(ward_cohort, Outcome.INFECTION, {"model": nothing, "crp": nothing})
    assert len(rows) == 2 * len(nothing)
    labels = ward_cohort.labels[Outcome.INFECTION]
    ours = rows[rows["model"] == "model"]
    assert np.array_equal(ours["label"], labels.label, equal_nan=True)
    assert (~ours["at_risk"]).sum() == labels.counts["not_at_risk"]


def test_the_card_carries_the_warning_of_the_report(ward_bundle):
    evaluation = evaluate(scored(model=lambda risk: risk / 10), bootstrap=20)
    models = {Outcome.SEVERE_CRS: ward_bundle.models[Outcome.SEVERE_CRS]}
    card = card_text(ward_bundle.card, models, evaluation | {"judged_on": on()})
    assert "times too low; do not use without recalibration on local patients.**" in card


# Figures --------------------------------------------------------------------------------------


@pytest.fixture
def small_risks():
    """Risks a hundredth of those foretold elsewhere: none reaches 1 %."""
    rows = scored(model=lambda risk: risk / 100, persistence=lambda risk: risk / 90)
    return evaluate(rows, bootstrap=10)["outcomes"]["severe_crs"]


def test_calibration_shows_every_group_however_small_the_risks(small_risks):
    axes = calibration_figure(small_risks, "severe_crs").axes[0]
    groups = small_risks["models"]["model"]["curves"]["calibration"]["groups"]
    assert max(groups["risk"]) < axes.get_xlim()[1] < 0.02
    assert max(groups["high"]) <= axes.get_ylim()[1]
    ticks = [axes.xaxis.get_major_formatter()(place) for place in axes.get_xticks()]
    assert len(set(ticks)) == len(ticks) >= 4
    for place, told in zip(axes.get_xticks(), ticks, strict=True):
        assert float(told.rstrip("%")) == pytest.approx(100 * place, abs=1e-6)


def test_net_benefit_is_drawn_where_alarms_sound(small_risks):
    assert decision_figure(small_risks, "severe_crs").axes[0].get_xlim() == (0, 0.01)


def test_no_title_of_a_key_is_cut_at_the_edge(evaluation):
    judged = evaluation["outcomes"]["severe_crs"]
    more = dict.fromkeys(LOOKS, judged["models"]["model"])  # every scorer with a look
    figure = decision_figure(judged | {"models": judged["models"] | more}, "severe_crs")
    FigureCanvasAgg(figure).draw()
    key = figure.legends[0].get_window_extent()
    assert len(figure.legends[0].get_texts()) >= len(LOOKS)
    assert key.x0 >= 0
    assert key.x1 <= 0.85 * figure.bbox.x1  # a browser's letters may be wider than ours


def test_working_points_that_lie_upon_each_other_are_told_apart_by_their_marks():
    point = {"coverage": 1.0, "scaled_brier": 0.1, "auroc": 0.9, "guard": True}
    curve = [point | {"limit": limit} for limit in (0.25, 0.55)]
    curve.append(point | {"limit": None, "guard": False})
    found = {"curve": curve, "abstain_limit": 0.55, "caution_limit": 0.25}
    figure = abstention_figure(found, "severe_crs", THERAPY)
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["guard abstains at 55%", "guard warns at 25%", "no guard"]
    for axes in figure.axes:
        marks = axes.lines[1:]
        assert [list(mark.get_xdata()) for mark in marks] == [[1.0]] * 3
        assert len({mark.get_markersize() for mark in marks}) == 3
        assert not axes.texts


@pytest.mark.parametrize(
    ("values", "colours"),
    [
        ([0.0, 0.0, 1.0, np.nan], [0.0, 0.0, 1.0, np.nan]),  # two values get the two ends
        ([5.0, 5.0, 5.0, np.nan], [np.nan] * 4),
        ([np.nan] * 4, [np.nan] * 4),
        ([9.0, 1.0, 4.0, np.nan], [1.0, 0.0, 0.5, np.nan]),
    ],
)
def test_values_are_coloured_by_their_rank_among_the_known_ones(values, colours):
    np.testing.assert_array_equal(ranks(pd.Series(values)), colours)


@pytest.mark.parametrize(
    ("outcome", "share", "told"),
    [
        ("severe_crs", [0.2, 0.1, -0.1], True),
        ("severe_crs", [-0.1, 0.1, 0.2], False),
        ("infection", [0.2, 0.1, -0.1], False),
    ],
)
def test_il6_that_looks_reversed_is_explained_beside_the_figure(outcome, share, told):
    shares, values = pd.DataFrame({"il6": share}), pd.DataFrame({"il6": [5.0, 50.0, 900.0]})
    found = Explained(shares, values, PAIRS, np.zeros(3), 3, 3)
    assert ("after tocilizumab" in reversed_il6("contributions", outcome, found)) == told
    assert reversed_il6("importance", outcome, found) == ""


def test_a_course_stands_beside_persistence_and_breaks_where_nothing_was_judged():
    figure = course_figure(COURSE, "severe_crs", THERAPY)
    theirs, ours = figure.axes[0].lines[:2]
    assert theirs.get_label() == "Today's grade and day (persistence)"
    assert ours.get_label() == "Model"
    assert np.isnan(ours.get_ydata()).tolist() == [False, True, False]
    assert np.nanmax(theirs.get_ydata()) == 0.2
    lines = [label.get_text() for label in figure.axes[1].get_yticklabels()]
    assert lines == ["Grade", "Anti-IL-6"]


@pytest.mark.parametrize("virtual", [True, False])
def test_the_course_of_a_virtual_patient_says_so_across_the_figure(virtual):
    figure = course_figure(replace(COURSE, virtual=virtual), "severe_crs", THERAPY)
    assert (WATERMARK in [text.get_text() for text in figure.texts]) == virtual


def test_the_figure_by_grade_leaves_out_grades_without_a_row(evaluation):
    judged = evaluation["outcomes"]["severe_crs"]
    empty = judged["strata"]["grade"]["0"] | {"counts": dict.fromkeys(judged["counts"], 0)}
    parts = judged["strata"]["grade"] | {"4": empty}
    figure = stratum_figure(judged | {"strata": {"grade": parts}}, "severe_crs")
    told = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert [one.partition("\n")[0] for one in told] == [
        "No CRS today", "Grade 1 today", "Grade 0 or 1 today", "Grade 2 today",
    ]  # fmt: skip


def test_the_page_can_be_read_without_seeing_the_figures(page):
    text = page.read_text(encoding="utf-8")
    assert '<html lang="en">' in text
    headings = read(page).headings
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(headings))
    drawings = re.findall(r'<svg role="img" aria-label="([^"]*)"', text)
    assert len(drawings) == text.count("<figure")
    assert all(len(label) > 30 for label in drawings)
    assert any("Model 0." in label for label in drawings)
    assert any("In this order: C-reactive protein, Ferritin." in label for label in drawings)
    wide = re.findall(r'<div class="(?:scroll|draw)"[^>]*>', text)
    assert all('tabindex="0"' in one and "aria-label" in one for one in wide)


def test_a_missing_smooth_line_is_explained(tmp_path):
    rows = scored()
    events = rows["label"].where(rows["grade"] == 2, 0.0)  # none among the small risks
    page = report(tmp_path, rows.assign(label=events), on())
    assert "No smooth line is drawn: too few events among the small risks" in read(page).text()


def test_stays_without_any_onset_have_no_utility_and_say_why(draw_events, ask_at):
    events = draw_events(("a", "crp", 1.0, 5.0))
    source = Events(events, pd.DataFrame({"reason": []}), len(events), (), virtual=False)
    nothing = np.zeros(0, dtype=bool)
    cohort = Cohort(source, pd.DataFrame(), nothing, pd.DataFrame(), {}, {})
    rows = ask_at(("a", 1.0), ("a", 2.0)).assign(outcome="infection", model="model", risk=0.1)
    found = challenge_utility(cohort, rows)["model"]
    assert (found["utility"], found["threshold"]) == (None, None)
    assert found["reason"] == "no stay has an onset near which an alarm could earn anything"
