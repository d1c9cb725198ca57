"""Prints the examples of docs/api.md afresh, from a real service's real answers.

    make run ARGS=--no-serve && .venv/bin/python docs/refresh_api.py

Every block after a line `<!-- printed: NAME -->` is replaced; the words around stay as they are.
"""

import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import quickstart
from serving.schemas import EXAMPLE_REQUEST

PAGE = ROOT / "docs/api.md"
WIDTH = 108
MOST_SHOWN = 2
HEADERS = ("HTTP/", "location", "audit-entry", "content-type")
SERVED_AT = "localhost:8000"
JSON = "-H 'Content-Type: application/json'"


def main() -> int:
    """Ask, print, write the page; returns the exit status."""
    bundle = ROOT / quickstart.BUNDLE
    question = quickstart.patient_to_ask(
        ROOT / quickstart.PLACE / "predictions.parquet", ROOT / quickstart.OTHERS
    )
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "question.json").write_text(json.dumps(question))
        (place / "bad.json").write_text(json.dumps(spoiled(EXAMPLE_REQUEST)))
        printed = examples(Console(place), bundle)
    page = PAGE.read_text("utf-8")
    for name, block in printed.items():
        pattern = rf"(<!-- printed: {name} -->\n```\n).*?(```\n)"
        page, found = re.subn(pattern, lambda m, b=block: m[1] + b + m[2], page, flags=re.DOTALL)
        if not found:
            raise SystemExit(f"{PAGE.name}: no place for {name}")
    PAGE.write_text(page, "utf-8")
    return 0


class Console:
    """Runs commands in a folder and keeps them as a reader would have typed them."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.database = f"sqlite:///{place / 'audit.db'}"
        self.environment = os.environ | {
            "CRS_RISK_DATABASE_URL": self.database, "PYTHONPATH": str(ROOT)
        }  # fmt: skip
        self.address = ""

    def curl(self, words: str) -> str:
        """What curl prints, its carriage returns left out."""
        command = f"curl {words.replace(SERVED_AT, self.address)}"
        return self._run(["bash", "-c", command]).replace("\r", "")

    def audit(self, *words: str) -> str:
        """What `python -m serving audit` prints."""
        return self._run([sys.executable, "-m", "serving", "audit", *words])

    def _run(self, command: list[str]) -> str:
        done = subprocess.run(  # noqa: S603 - our own words
            command, cwd=self.place, env=self.environment, stdout=subprocess.PIPE, check=False
        )
        return done.stdout.decode()

    @contextmanager
    def service(self, bundle: Path) -> Iterator[None]:
        """The service with this bundle, on a free port."""
        port = quickstart.free_port()
        command = [sys.executable, "-m", "serving", "--model", str(bundle), "--port", str(port)]
        with subprocess.Popen(  # noqa: S603 - our own words
            command, cwd=self.place, env=self.environment
        ) as process:
            self.address = f"127.0.0.1:{port}"
            try:
                quickstart.wait_until_ready(f"http://{self.address}", process)
                yield
            finally:
                process.terminate()


def examples(console: Console, bundle: Path) -> dict[str, str]:
    """Every printed block by its name."""
    ask = f"-si {SERVED_AT}/v1/predictions {JSON} -d @question.json"
    bad = f"-s {SERVED_AT}/v1/predictions {JSON} -d @bad.json"
    root, model = f"-si {SERVED_AT}/", f"-s {SERVED_AT}/v1/model"
    check = f"-s {SERVED_AT}/v1/audit/verify"
    with console.service(bundle):
        head, _, body = console.curl(ask).partition("\n\n")
        identity = json.loads(body)["prediction_id"]
        again = f"-s -X POST {SERVED_AT}/v1/predictions/{identity}/replay"
        printed = {
            "ask": f"$ curl {ask}\n{shown_headers(head)}\n\n{shown(shortened(json.loads(body)))}\n",
            "refused": typed(bad, console.curl(bad)),
            "model": typed(model, console.curl(model)),
            "root": f"$ curl {root}\n{shown_headers(console.curl(root).strip())}\n",
            "back": typed(again, console.curl(again)) + typed(check, console.curl(check)),
        }
    replay = ("replay", identity, "--model")
    printed["audit"] = (
        f"$ python -m serving audit verify\n{console.audit('verify')}"
        f"$ python -m serving audit {' '.join(replay)} models:/crs-risk@champion\n"
        f"{console.audit(*replay, str(bundle))}"
    )
    with closing(sqlite3.connect(console.place / "audit.db")) as forger:
        forger.execute("DROP TRIGGER audit_entries_refuse_update")
        forger.execute("UPDATE audit_entries SET occurred_at = '2020-01-01T00:00:00Z'")
        forger.commit()
    printed["broken"] = f"$ python -m serving audit verify\n{console.audit('verify')}"
    return printed


def spoiled(question: Mapping[str, Any]) -> dict[str, Any]:
    """The example with a time without offset and a misspelt field."""
    first = {"time": "2024-03-05T08:00:00", "code": "crp", "value": 12, "unt": "mg/L"}
    return {**question, "records": [first, *question["records"][1:]]}


def typed(words: str, answer: str) -> str:
    """A curl command and its answer, laid out."""
    return f"$ curl {words}\n{shown(json.loads(answer))}\n"


def shown_headers(head: str) -> str:
    """The header lines that the text speaks of."""
    return "\n".join(line for line in head.splitlines() if line.startswith(HEADERS))


def shortened(value: Any) -> Any:
    """Long lists and maps cut to their first entries."""
    if isinstance(value, dict):
        few = dict(list(value.items())[:MOST_SHOWN])
        is_map = all(isinstance(one, float | int | None) for one in value.values())
        kept = few | {"...": "..."} if is_map and len(value) > MOST_SHOWN else value
        return {name: shortened(one) for name, one in kept.items()}
    if isinstance(value, list):
        rest = ["..."] if len(value) > MOST_SHOWN else []
        return [shortened(one) for one in value[:MOST_SHOWN]] + rest
    return value


def shown(value: Any, indent: int = 0, name: str = "") -> str:
    """JSON on one line where it fits, else an entry a line; `...` for what was left out."""
    line = f"{name}{json.dumps(value, ensure_ascii=False)}"
    for written in ('"...": "..."', '"..."'):
        line = line.replace(written, "...")
    if len(line) + indent <= WIDTH or not isinstance(value, dict | list) or not value:
        return line
    inner = (
        [shown(one, indent + 1, f"{json.dumps(key)}: ") for key, one in value.items()]
        if isinstance(value, dict)
        else [shown(one, indent + 1) for one in value]
    )
    opening, closing_ = "{}" if isinstance(value, dict) else "[]"
    joint = ",\n" + " " * (indent + 1)
    return f"{name}{opening}{joint.join(inner)}{closing_}".replace('"...": "..."', "...")


if __name__ == "__main__":
    sys.exit(main())
