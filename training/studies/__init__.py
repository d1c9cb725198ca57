"""Studies that stand by themselves: each writes the table of one page of docs."""
