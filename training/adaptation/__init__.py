"""A shipped bundle adapted to the few patients of a new hospital, and what each way of it gains."""
