"""One file for each group of routes; every route asks for what it needs and does one thing."""
