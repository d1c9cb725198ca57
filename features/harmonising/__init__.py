"""The steps from records to events; `features.harmonise` walks them."""
