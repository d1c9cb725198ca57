"""Registered models: found by their address, fetched whole, held against what was promoted.

MLflow lets the files of a registered version be written over, and its tags too. So a version that
ever stood in the ledger must still be the bundle that stood there.
"""

import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from features.tables import InvalidInputError
from models.bundle import Bundle, InvalidBundleError, load_bundle
from training.release.ledger import Ledger, bundle_of, in_service
from training.release.ledger_store import intact_ledger
from training.tracking.runs import DIGEST_TAG, REGISTERED_NAME
from training.tracking.tracker import client, mlflow, told_plainly

ALIASES = ("champion", "challenger")
NOT_THERE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
"""What MLflow calls it when a model, a version or an alias is not there."""


def fetch(uri: str, out: Path) -> str:
    """Copy a bundle out of a store into the new folder `out`; returns the bundle's version.

    `uri` is `models:/NAME@ALIAS`, `models:/NAME/VERSION` or `runs:/RUN_ID`.

    Raises:
        InvalidInputError: another kind of address, nothing there, `out` is not empty, a ledger
            that does not hold, or an alias that was moved past it.
        InvalidBundleError: what lies there is no whole bundle, or not the one that was registered
            or promoted.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InvalidInputError(f"{out}: not an empty folder")
    version = version_at(uri)
    ledger = intact_ledger()
    _refuse_moved(uri, version, ledger)
    with fetched(version, ledger) as bundle:
        shutil.copytree(bundle.folder, out, dirs_exist_ok=True)
    return bundle.version


def alias_holder(alias: str) -> str:
    """The number of the version that the alias names in MLflow, or empty."""
    with told_plainly():
        models = client().search_registered_models(f"name='{REGISTERED_NAME}'")
    return next((str(model.aliases.get(alias, "")) for model in models), "")


def versions_of_bundles() -> dict[str, int]:
    """By registered model, whatever its name: how many of its versions are bundles."""
    with told_plainly():
        versions = client().search_model_versions()
    return Counter(found.name for found in versions if DIGEST_TAG in found.tags)


def faults_in_service(ledger: Ledger) -> list[str]:
    """A sentence for each alias whose version no longer leads to the bytes that the ledger states.

    The files are fetched and their digest is taken anew, wherever the registry says that they lie.
    """
    found = []
    for alias in ALIASES:
        if stated := in_service(ledger, alias):
            try:
                with fetched(version_at(f"models:/{REGISTERED_NAME}/{stated.version}"), ledger):
                    pass
            except InvalidInputError as fault:
                found.append(f"{alias}: {fault}")
    return found


def _refuse_moved(uri: str, version: Any, ledger: Ledger) -> None:
    """Raises InvalidInputError where an alias names another version than the ledger's last word."""
    name, _, alias = uri.removeprefix("models:/").partition("@")
    if name != REGISTERED_NAME or alias not in ALIASES:
        return
    stated = in_service(ledger, alias)
    if stated is None or stated.version != str(version.version):
        known = f"version {stated.version}" if stated else "no promotion to it"
        raise InvalidInputError(
            f"{uri}: the alias names version {version.version}, the ledger knows {known}: "
            "it was moved past the ledger; promote the model that shall be in service"
        )


@contextmanager
def fetched(version: Any, ledger: Ledger) -> Iterator[Bundle]:
    """The bundle of a registered version, in a folder that lives as long as this.

    Raises:
        InvalidBundleError: its files are not what was registered, or not what the ledger states.
    """
    address = f"models:/{version.name}/{version.version}"
    with tempfile.TemporaryDirectory() as folder:
        found = _downloaded(address, folder)
        try:
            bundle = load_bundle(found)
        except InvalidBundleError as fault:
            said = str(fault).removeprefix(f"{found}: ")
            raise InvalidBundleError(f"{address}: {said}") from fault
        _refuse_other(address, bundle, version, ledger)
        yield bundle


def _downloaded(address: str, folder: str) -> str:
    """Where below `folder` the version's bundle lies now.

    MLflow leaves the libraries of other stores to be installed, and splits addresses untested.
    """
    with _looking_for(address):
        try:
            return str(
                mlflow().artifacts.download_artifacts(
                    artifact_uri=f"{address}/artifacts/bundle", dst_path=folder
                )
            )
        except (ModuleNotFoundError, ValueError) as fault:
            raise InvalidInputError(
                f"{address}: its files lie where they cannot be read from here: {fault}"
            ) from fault


def _refuse_other(address: str, bundle: Bundle, version: Any, ledger: Ledger) -> None:
    registered = version.tags.get(DIGEST_TAG)
    in_ledger = bundle_of(ledger, str(version.version)) if version.name == REGISTERED_NAME else None
    for stated, when in ((registered, "registered was"), (in_ledger, "the ledger states")):
        if bundle.version != stated and (stated or when == "registered was"):
            raise InvalidBundleError(f"{address}: holds bundle {bundle.version}, {when} {stated}")


def version_at(uri: str) -> Any:
    """The registry's entry behind an address."""
    if by_alias := re.fullmatch(r"models:/([^/@]+)@([^/@]+)", uri):
        with _looking_for(uri):
            return client().get_model_version_by_alias(*by_alias.groups())
    if by_number := re.fullmatch(r"models:/([^/@]+)/(\d{1,9})", uri):
        with _looking_for(uri):
            return client().get_model_version(*by_number.groups())
    if by_run := re.fullmatch(r"runs:/([^/]+)(?:/.*)?", uri):
        return version_of_run(by_run[1])
    raise InvalidInputError(
        f"{uri}: an address is models:/NAME@ALIAS, models:/NAME/VERSION or runs:/RUN_ID"
    )


def version_of_run(run_id: str, name: str | None = None) -> Any:
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
