"""Transport: how a model fares on a product, class of therapy, site or time that it never saw."""

from training.transport.command import add_flags, run_transport

__all__ = ["add_flags", "run_transport"]
