"""Linear algebra on one thread: how it rounds its sums depends on how many threads share them."""

from threadpoolctl import threadpool_limits

on_one_blas_thread = threadpool_limits.wrap(limits=1, user_api="blas")
"""Decorates a function whose bytes must be the same on machines with one core and with many."""
