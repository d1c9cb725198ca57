"""CRP by its turnover: synthesis now, a forecast with an interval, and what blockade leaves of it.

The liver makes CRP as IL-6 tells it to, the body removes it with a half-life of 19 h whatever its
level. So the values of one patient tell the synthesis behind them, and synthesis tells what comes.
"""
