"""MLflow itself: imported here alone, silent, set to the store, its faults told in one sentence."""

import logging
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from features.tables import InvalidInputError

DEFAULT_STORE = "sqlite:///mlflow.db"
SQLITE = "sqlite:///"
QUIET = {
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_DISABLE_AGENT_HINT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_DISABLE_SCHEMA_DETAILS": "true",  # its schema errors would repeat patients' values
    # MLflow's own seven attempts of two minutes each would hold up a run for a quarter of an hour
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}
CHATTY = {
    "mlflow": logging.WARNING,
    "alembic": logging.WARNING,
    "mlflow.store.db.utils": logging.CRITICAL,  # it prints the traceback of a fault told anyway
    "urllib3": logging.ERROR,  # it tells of every attempt; the last one is told as an error
}
FOREIGN_WARNINGS = (
    r"The ``noload`` loader strategy is deprecated",  # MLflow's store, since SQLAlchemy 2.1
    r".*Any type hint is inferred as AnyType",  # MLflow of its own types, whenever imported
    r"Operation with range is deprecated",  # MLflow's input examples, since pandas 3.1
)
LONGEST_FAULT = 300
NAME_TAKEN = "RESOURCE_ALREADY_EXISTS"
"""What MLflow calls it when an experiment of that name is there."""


class TrackerError(InvalidInputError):
    """A tracking store that cannot be reached, or refuses: the message names it and the reason."""


def mlflow() -> Any:
    """MLflow, silent and set to the store; imported on first use because that takes seconds."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("MLFLOW_TRACKING_URI", DEFAULT_STORE)
    with foreign_warnings():
        found = import_module("mlflow")
        for late in ("mlflow.pyfunc", "mlflow.store.tracking.sqlalchemy_store"):
            import_module(late)  # MLflow would import it in the middle of a later call
    for name, level in CHATTY.items():  # their imports set levels of their own
        logging.getLogger(name).setLevel(level)
    return found


def client() -> Any:
    """MLflow's client of the store.

    Raises:
        TrackerError: there is no such kind of store, or its driver is not installed.
    """
    with told_plainly():
        try:
            return mlflow().MlflowClient()
        except ModuleNotFoundError as fault:
            raise TrackerError(f"tracking store {_store()}: {fault}") from fault


def new_experiment(name: str) -> str | None:
    """The number of a new experiment; None where there is one of that name, deleted or not.

    Of several at once one creates it: the store takes a name only once. It keeps its files beside
    the database where that is a file.

    Raises:
        TrackerError: the store fails.
    """
    asked = client()
    with told_plainly():
        try:
            return str(asked.create_experiment(name, artifact_location=_files_beside_database()))
        except mlflow().exceptions.MlflowException as fault:
            if fault.error_code != NAME_TAKEN:
                raise
            return None


def experiment_id(name: str) -> str:
    """The experiment's number; it is created where there is none.

    Raises:
        TrackerError: the store fails, or the experiment was deleted.
    """
    with told_plainly():
        found = client().get_experiment_by_name(name)
    if found is None:
        return new_experiment(name) or experiment_id(name)
    if found.lifecycle_stage == "deleted":
        raise TrackerError(f"tracking store {_store()}: experiment {name!r} was deleted")
    return str(found.experiment_id)


@contextmanager
def told_plainly() -> Iterator[None]:
    """Raise what MLflow complains of as TrackerError, in one sentence without a password.

    A database's faults leave MLflow as they are, and so are caught by their own name.
    """
    faults = (
        mlflow().exceptions.MlflowException,
        import_module("sqlalchemy.exc").SQLAlchemyError,
    )
    try:
        yield
    except faults as fault:
        raise TrackerError(f"tracking store {_store()}: {_sentence(fault)}") from fault


@contextmanager
def foreign_warnings() -> Iterator[None]:
    """Warnings that others' code earns and we cannot mend, each named."""
    with warnings.catch_warnings():
        for message in FOREIGN_WARNINGS:
            warnings.filterwarnings("ignore", message=message)
        yield


def _sentence(fault: Exception) -> str:
    """The fault's own words on one line.

    >>> _sentence(OSError("API request to http://h/ failed with exception HTTPConnectionPool"))
    'the server does not answer'
    """
    words = " ".join(str(fault).split())
    if words.startswith("API request to") and "failed with exception" in words:
        return "the server does not answer"
    if by_database := re.search(r"\(\w+\.\w+\) (.*?) *(?:\[SQL:|$)", words):
        words = by_database[1]
    return without_password(words if len(words) <= LONGEST_FAULT else words[:LONGEST_FAULT] + "...")


def without_password(address: str) -> str:
    """An address whose user and password are hidden.

    >>> without_password("postgresql://ward:secret@host/runs")
    'postgresql://***@host/runs'
    """
    return re.sub(r"//[^/\s]*@", "//***@", address)


def _store() -> str:
    return without_password(os.environ["MLFLOW_TRACKING_URI"])


def _files_beside_database() -> str | None:
    """Where a store in a SQLite file keeps its files; None where the store knows it itself.

    MLflow itself would put them below the folder in which the command happens to run.
    """
    address = os.environ["MLFLOW_TRACKING_URI"]
    if not address.startswith(SQLITE):
        return None
    database = Path(address.removeprefix(SQLITE).partition("?")[0])
    return (database.resolve().parent / "mlruns").as_uri()
