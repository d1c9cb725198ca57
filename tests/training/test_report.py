"""The report: what it says, that nothing leaves the page, that it is whole."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from training.metrics import METRICS, evaluate
from training.plots import (
    PatientCourse,
    calibration_figure,
    contribution_figure,
    evaluation_figures,
    importance_figure,
    patient_figure,
)
from training.report import plain_sentences, svg, write_report

CONTEXT = {
    "learnt_from": "60 <virtual> patients",
    "virtual": True,
    "features": {"severe_crs": {"crp": 3}},
}
VOID = {"meta", "br", "path", "use", "img", "link", "image"}


def scored(events=True, seed=0):
    """60 patients of 8 days: risk 0.1, 0.3 or 0.6, and outcomes as often as foretold."""
    generator = np.random.default_rng(seed)
    grade = np.tile([0, 1, 2, 0], 120)
    risk = np.array([0.1, 0.3, 0.6])[grade] + generator.uniform(-0.05, 0.05, 480)
    label = (generator.random(480) < risk).astype(float) if events else np.zeros(480)
    rows = pd.DataFrame(
        {
            "patient_id": np.repeat([f"virtual-{n:02d}" for n in range(60)], 8),
            "as_of": np.tile(pd.date_range("2026-01-01", periods=8, tz="UTC"), 60),
            "outcome": "severe_crs",
            "label": label,
            "at_risk": True,
            "grade": grade,
        }
    )
    scorers = {"model": risk, "persistence": grade / 4, "crp": risk * 100, "crp_rule": grade // 2}
    return pd.concat([rows.assign(model=name, risk=score) for name, score in scorers.items()])


@pytest.fixture(scope="module")
def evaluation():
    found = evaluate(scored(), bootstrap=40)
    return found | {
        "rejects": {"unknown_code": 3, "filled_constant": 4211},
        "notes": ["filled constants: 4,211 values in 31 columns"],
        "fates": {"severe_crs": {"event": 7, "no_event": 5, "censored": 1234, "not_at_risk": 2}},
    }


@pytest.fixture(scope="module")
def page(evaluation, tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    figures = evaluation_figures(evaluation)
    shares = pd.DataFrame({"CRP": [0.5, -0.2, 0.1], "Ferritin": [0.0, 0.0, 0.3]})
    values = pd.DataFrame({"CRP": [80.0, 3.0, np.nan]})
    figures["severe_crs_importance"] = importance_figure(shares.abs().mean(), "severe_crs")
    figures["severe_crs_contributions"] = contribution_figure(shares, values, "severe_crs")
    course = PatientCourse([0, 1], [0.1, 0.4], [0, 0.2], [0.2, 0.6], [0.5], [40.0], {"onset": 1.2})
    figures["severe_crs_patient"] = patient_figure(course, "severe_crs")
    return write_report(evaluation, figures, CONTEXT, out)


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
    assert "<dt>1,234</dt><dd>as-of rows left out: horizon not observed</dd>" in text
    assert "C-reactive protein <b>3</b>" in text


def test_a_model_of_real_patients_carries_no_virtual_banner(evaluation, tmp_path):
    page = write_report(evaluation, {}, CONTEXT | {"virtual": False}, tmp_path)
    assert "Learnt from virtual patients" not in page.read_text(encoding="utf-8")


def test_the_tables_hold_every_figure_and_the_reason_for_each_gap(page, evaluation):
    text = page.read_text(encoding="utf-8")
    judged = evaluation["outcomes"]["severe_crs"]
    for metric in METRICS:
        assert f">{metric.title}</th>" in text
        value = judged["models"]["model"]["metrics"][metric.name]["value"]
        digits = 3 if abs(value) < 1 else 2
        assert f"<td>{value:.{digits}f}".replace("-", "−") in text, metric.name
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


def test_without_an_event_the_page_says_so_and_does_not_break(tmp_path):
    evaluation = evaluate(scored(events=False), bootstrap=5)
    page = write_report(evaluation, evaluation_figures(evaluation), CONTEXT, tmp_path)
    text = page.read_text(encoding="utf-8")
    assert "Nothing can be said about severe CRS: no event among 480 rows." in text
    assert "No calibration curve: no event among 480 rows" in text


def figure(value, low=None, high=None):
    return {"value": value, "low": low, "high": high, "reason": None}


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        (figure(0.04, 0.01, 0.07), "+0.040 (+0.010 to +0.070): better, beyond what chance"),
        (figure(-0.04, -0.07, -0.01), "−0.040 (−0.070 to −0.010): worse, beyond what chance"),
        (figure(0.04, -0.01, 0.07), "no difference can be told from chance"),
        (figure(0.04), "too few patients with an event to tell"),
    ],
)
def test_the_model_is_called_better_only_when_the_paired_interval_says_so(gap, words):
    figures = {metric.name: figure(0.5) for metric in METRICS}
    judged = {
        "counts": {"events": 3, "rows": 10},
        "models": {"model": {"metrics": figures}, "persistence": {"metrics": figures}},
        "differences": {"persistence": {"auroc": gap}},
    }
    assert any(words in sentence for sentence in plain_sentences("severe_crs", judged))


def test_foretold_events_are_those_observed_over_their_ratio():
    figures = {metric.name: figure(0.5) for metric in METRICS}
    judged = {
        "counts": {"events": 30, "rows": 100},
        "models": {"model": {"metrics": figures}},
        "differences": {},
    }
    said = plain_sentences("infection", judged)
    assert any("It foretold 60 rows before an infection; 30 came" in line for line in said)
