"""From raw hospital records to one row of numbers per patient and as-of time."""
