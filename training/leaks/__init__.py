"""The leak audit: what would let a model know of the future, or of the patients it is judged on."""

from training.leaks.every_check import audit, refuse
from training.leaks.finding import Finding, Severity
from training.leaks.known_again import Learnt, recognised

__all__ = ["Finding", "Learnt", "Severity", "audit", "recognised", "refuse"]
