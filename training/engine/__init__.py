"""Where the long work of a run is done: in this process, or by the workers of a dask cluster."""

from training.engine.cost import Cost
from training.engine.engine import LOCAL, ROWS_AT_ONCE, Engine
from training.engine.opening import EngineChoice, Kind, opened

__all__ = ["LOCAL", "ROWS_AT_ONCE", "Cost", "Engine", "EngineChoice", "Kind", "opened"]
