"""The leak audit: what would let a model know of the future, or of the patients it is judged on."""

from training.leaks.every_check import audit, refuse
from training.leaks.finding import Finding, Severity
from training.leaks.fingerprints import fingerprints

__all__ = ["Finding", "Severity", "audit", "fingerprints", "refuse"]
