"""Figures in plain words: names, numbers, sentences; nothing is said that was not computed."""
