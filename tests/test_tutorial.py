"""The tutorial in docs: what its cells print is held against what its words promise."""

import ast
import importlib
import inspect
import json
import math
import re
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
TUTORIAL = ROOT / "docs" / "tutorial.ipynb"
PACKAGES = ("features", "models", "training")
KERNEL = "this-python"
LONGEST_CELL_SECONDS = 600


@pytest.fixture(scope="module")
def notebook():
    return nbformat.read(TUTORIAL, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def plain_code(notebook):
    """The code without IPython's own lines."""
    lines = "\n".join(cell.source for cell in code_cells(notebook)).splitlines()
    return "\n".join(line for line in lines if not line.startswith("%"))


@pytest.fixture(scope="module")
def executed(notebook, tmp_path_factory):
    """The notebook after its run by this very Python, by no kernel that happens to be installed."""
    place = tmp_path_factory.mktemp("jupyter")
    kernel = place / "kernels" / KERNEL
    kernel.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    described = {"argv": command, "display_name": KERNEL, "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(described), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(place))
        for own in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR"):
            patch.setenv(own, str(place / own.lower()))
        run = nbformat.from_dict(notebook)
        at_root = {"metadata": {"path": str(ROOT)}}
        NotebookClient(
            run, timeout=LONGEST_CELL_SECONDS, kernel_name=KERNEL, resources=at_root
        ).execute()
    return {cell.id: cell.outputs for cell in code_cells(run)}


def printed(outputs):
    return "".join(each.text for each in outputs if each.output_type == "stream")


def shown(outputs):
    """The last value of a cell as plain text."""
    return next(each.data["text/plain"] for each in outputs if "data" in each)


def lines(pattern, table):
    """The second group by the first, of every line of a table that opens with the pattern."""
    return dict(re.findall(f"^{pattern}", table, re.MULTILINE))


def numbers(pattern, text):
    """The groups of the one place that fits, thousands without their commas."""
    found = re.search(pattern, text)
    assert found, text
    return [float(group.replace(",", "").replace("−", "-")) for group in found.groups()]


def test_it_is_committed_without_what_a_run_leaves(notebook):
    nbformat.validate(notebook)
    for cell in code_cells(notebook):
        assert cell.outputs == []
        assert cell.execution_count is None
        assert "execution" not in cell.metadata
    assert str(Path.home()) not in TUTORIAL.read_text("utf-8")


def test_every_name_that_it_imports_from_here_is_documented(notebook):
    imports = [node for node in ast.walk(ast.parse(plain_code(notebook)))
               if isinstance(node, ast.ImportFrom)]  # fmt: skip
    ours = [node for node in imports if node.module.partition(".")[0] in PACKAGES]
    assert {node.module.partition(".")[0] for node in ours} == set(PACKAGES)
    for node in ours:
        module = importlib.import_module(node.module)
        assert module.__doc__, node.module
        for name in (alias.name for alias in node.names):
            value = getattr(module, name)
            if inspect.isclass(value) or inspect.isroutine(value):
                assert value.__doc__, f"{node.module}.{name}"
                assert name in value.__qualname__


def test_its_cells_are_short_and_its_links_lead_somewhere(notebook):
    assert max(len(cell.source.splitlines()) for cell in code_cells(notebook)) <= 32
    words = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    links = re.findall(r"\]\(([^)]+)\)", words)
    assert links
    assert [link for link in links if not (TUTORIAL.parent / link).is_file()] == []


def test_no_cell_complains(executed):
    streams = [each for outputs in executed.values() for each in outputs
               if each.output_type == "stream"]  # fmt: skip
    assert [each.text for each in streams if each.name != "stdout"] == []


def test_it_says_that_its_patients_are_virtual(notebook, executed):
    assert "**Every patient here is virtual" in notebook.cells[0].source
    assert "No patient in this data set has ever lived" in printed(executed["simulate"])
    assert "500 virtual patients (simulated, not real people)" in printed(executed["train"])


def test_taking_the_future_away_changes_no_row(executed):
    text = printed(executed["law-of-time"])
    (taken,) = numbers(r"([\d,]+) records of the future taken away", text)
    changed, values, rows = numbers(r"(\d+) of ([\d,]+) values in ([\d,]+) rows changed", text)
    assert changed == 0
    assert min(taken, values, rows) > 1000


def test_persistence_stands_beside_the_model_with_the_paired_gain(executed):
    board = dict(
        re.findall(r"^(model|persistence) +(0\.\d{3})", shown(executed["board"]), re.MULTILINE)
    )
    claimed = r"AUROC (0\.\d+) against (0\.\d+), a gain of \+(0\.\d+)"
    ours, theirs, gain = numbers(claimed, printed(executed["claim"]))
    assert (ours, theirs) == (float(board["model"]), float(board["persistence"]))
    assert gain == pytest.approx(ours - theirs, abs=0.0011)
    assert re.search(r"^grade +rows|rows +events", shown(executed["by-grade"]))


def test_the_planted_leak_is_refused_by_name(executed):
    text = printed(executed["plant"])
    assert re.match(r"refused with \d+ values filled in: leak: single column", text)
    assert "procalcitonin" in text
    assert "procalcitonin" not in shown(executed["findings"])


@pytest.mark.parametrize("cell", ["comparison", "calibration", "contributions"])
def test_figures_stand_in_the_page(executed, cell):
    assert any("image/png" in each.get("data", {}) for each in executed[cell])


def test_the_guard_and_the_interval_account_for_every_row(executed):
    (judged,) = numbers(r"([\d,]+) rows judged", printed(executed["train"]))
    lines = dict(
        re.findall(r"^(answer|caution|abstain) +(\d+)", shown(executed["verdicts"]), re.MULTILINE)
    )
    assert sum(map(int, lines.values())) == judged
    assert "rate lies within the mean interval" in printed(executed["verdicts"])


def test_the_explanation_adds_up_to_the_risk_shown(executed):
    text = printed(executed["adds-up"])
    (total,) = numbers(r"contributions make (-?\d+\.\d{6})", text)
    (log_odds,) = numbers(r"risk shown: (-?\d+\.\d{6})", text)
    assert total == pytest.approx(log_odds, abs=2e-6)
    (risk,) = numbers(r"risk (\d+\.\d)%", printed(executed["ask"]))
    assert risk / 100 == pytest.approx(1 / (1 + 2.718281828459045**-total), abs=6e-4)
    assert "raises by" in printed(executed["reasons"])


def test_a_model_that_lacks_its_measurements_is_not_shown_until_it_is_adapted(executed):
    abstained, judged = numbers(
        r"abstains from ([\d,]+) of ([\d,]+) judged rows", printed(executed["elsewhere"])
    )
    before, after = numbers(
        r"abstained: (\d+)% of the rows as shipped, (\d+)% adapted", printed(executed["gain"])
    )
    assert before == round(100 * abstained / judged)
    assert after < before
    assert "with an event" in printed(executed["adapt"])


def test_fifty_patients_repair_most_of_a_level_that_is_far_too_low(executed):
    shipped, mended = numbers(
        r"foretold: (\d\.\d+) as shipped, (\d\.\d+) after repair", printed(executed["repair"])
    )
    assert shipped > 2
    assert abs(math.log(mended)) < 0.5 * math.log(shipped)
