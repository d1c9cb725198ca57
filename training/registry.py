"""Released models: fetched by address, promoted by alias, every promotion kept in a ledger.

Each promotion is a run of its own in the ledger experiment, because MLflow does not keep which
version was in use when.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from features.tables import InvalidInputError
from models.bundle import Bundle, InvalidBundleError, load_bundle
from training.track import DIGEST_TAG, REGISTERED_NAME
from training.tracker import client, experiment_id, mlflow, told_plainly

LEDGER = "crs-risk promotions"
ALIASES = ("champion", "challenger")
NOT_THERE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
"""What MLflow calls it when a model, a version or an alias is not there."""


@dataclass(frozen=True)
class Allowed:
    """What a promotion may do only when told so."""

    virtual: bool = False
    fewer_outcomes: bool = False


def promote(run_id: str, alias: str, allowed: Allowed = Allowed()) -> str:
    """Let `alias` name the model that the run registered, and write it into the ledger.

    Returns the version's number.

    Raises:
        InvalidInputError: no such alias, no model registered by that run, its files changed, or
            the model in use would be replaced by a lesser one that is not `allowed`.
    """
    if alias not in ALIASES:
        raise InvalidInputError(f"alias {alias!r}: one of {', '.join(ALIASES)} is needed")
    version = _version_of_run(run_id, REGISTERED_NAME)
    with told_plainly():
        before = client().get_registered_model(REGISTERED_NAME).aliases.get(alias, "")
    with _fetched(version) as bundle:
        if before and allowed != Allowed(True, True):
            with _fetched(_version_at(f"models:/{REGISTERED_NAME}/{before}")) as in_use:
                _check_replacement(f"the {alias}, version {before},", in_use, bundle, allowed)
        with told_plainly():
            client().set_registered_model_alias(REGISTERED_NAME, alias, version.version)
            _write_ledger(alias, version.version, str(before), run_id, bundle.version)
    return str(version.version)


def _check_replacement(name: str, in_use: Bundle, proposed: Bundle, allowed: Allowed) -> None:
    """Refuse what a ward would not want to find one morning in the place of its model."""
    if proposed.card.virtual and not in_use.card.virtual and not allowed.virtual:
        raise InvalidInputError(
            f"{name} learnt from {in_use.card.learnt_from}; this model learnt from "
            f"{proposed.card.learnt_from}: to replace it all the same: --allow-virtual"
        )
    lost = [outcome for outcome in in_use.outcomes if outcome not in proposed.outcomes]
    if lost and not allowed.fewer_outcomes:
        raise InvalidInputError(
            f"{name} answers {', '.join(in_use.outcomes)}; this model does not answer "
            f"{', '.join(lost)}: to replace it all the same: --allow-fewer-outcomes"
        )


def promotions() -> pd.DataFrame:
    """The ledger, oldest first: time, alias, version, version before, run_id, bundle_version."""
    columns = ["time", "alias", "version", "version_before", "run_id", DIGEST_TAG]
    with told_plainly():
        experiment = client().get_experiment_by_name(LEDGER)
        if experiment is None:
            return pd.DataFrame(columns=columns)
        entries = mlflow().search_runs(
            [experiment.experiment_id], order_by=["attributes.start_time ASC"], output_format="list"
        )
    return pd.DataFrame([entry.data.params for entry in entries], columns=columns)


def fetch(uri: str, out: Path) -> str:
    """Copy a bundle out of a store into the new folder `out`; returns the bundle's version.

    `uri` is `models:/NAME@ALIAS`, `models:/NAME/VERSION` or `runs:/RUN_ID`.

    Raises:
        InvalidInputError: another kind of address, nothing there, or `out` is not empty.
        InvalidBundleError: what lies there is no whole bundle, or not the one that was registered.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InvalidInputError(f"{out}: not an empty folder")
    with _fetched(_version_at(uri)) as bundle:
        shutil.copytree(bundle.folder, out, dirs_exist_ok=True)
    return bundle.version


@contextmanager
def _fetched(version: Any) -> Iterator[Bundle]:
    """The bundle of a registered version, in a folder that lives as long as this."""
    address = f"models:/{version.name}/{version.version}"
    with tempfile.TemporaryDirectory() as folder:
        with _looking_for(address):
            found = mlflow().artifacts.download_artifacts(
                artifact_uri=f"{address}/artifacts/bundle", dst_path=folder
            )
        try:
            bundle = load_bundle(found)
        except InvalidBundleError as fault:
            said = str(fault).removeprefix(f"{found}: ")
            raise InvalidBundleError(f"{address}: {said}") from fault
        registered = version.tags.get(DIGEST_TAG)
        if bundle.version != registered:
            raise InvalidBundleError(
                f"{address}: holds bundle {bundle.version}, registered was {registered}"
            )
        yield bundle


def _version_at(uri: str) -> Any:
    """The registry's entry behind an address."""
    if by_alias := re.fullmatch(r"models:/([^/@]+)@([^/@]+)", uri):
        with _looking_for(uri):
            return client().get_model_version_by_alias(*by_alias.groups())
    if by_number := re.fullmatch(r"models:/([^/@]+)/(\d{1,9})", uri):
        with _looking_for(uri):
            return client().get_model_version(*by_number.groups())
    if by_run := re.fullmatch(r"runs:/([^/]+)(?:/.*)?", uri):
        return _version_of_run(by_run[1])
    raise InvalidInputError(
        f"{uri}: an address is models:/NAME@ALIAS, models:/NAME/VERSION or runs:/RUN_ID"
    )


def _version_of_run(run_id: str, name: str | None = None) -> Any:
    """The newest version that the run registered (of this name)."""
    if not re.fullmatch(r"[0-9A-Za-z_-]+", run_id):
        raise InvalidInputError(f"run {run_id!r}: no run has such an identifier")
    asked = f"run_id='{run_id}'" + (f" and name='{name}'" if name else "")
    with told_plainly():
        versions = client().search_model_versions(asked)
    if not versions:
        raise InvalidInputError(f"runs:/{run_id}: registered no model {name or ''}".rstrip())
    return max(versions, key=lambda found: int(found.version))


@contextmanager
def _looking_for(address: str) -> Iterator[None]:
    """Say it plainly where the store answers that it has no such thing, or lost its files."""
    with told_plainly():
        try:
            yield
        except mlflow().exceptions.MlflowException as fault:
            if fault.error_code not in NOT_THERE:
                raise
            raise InvalidInputError(f"{address}: no such model in the tracking store") from fault
        except OSError as fault:
            raise InvalidInputError(f"{address}: its files are not in the store") from fault


def _write_ledger(alias: str, version: str, before: str, run_id: str, digest: str) -> None:
    entry = client().create_run(experiment_id(LEDGER), run_name=f"{alias} = version {version}")
    facts = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "alias": alias,
        "version": str(version),
        "version_before": before,
        "run_id": run_id,
        DIGEST_TAG: digest,
    }
    for name, value in facts.items():
        client().log_param(entry.info.run_id, name, value)
    client().set_terminated(entry.info.run_id)
