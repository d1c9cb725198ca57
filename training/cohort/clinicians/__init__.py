"""The virtual clinicians: who is in hospital, what is measured and given, and the grade of CRS.

They grade, treat CRS and call by what is measured, with its error. Support, G-CSF, immunoglobulin,
admission from home and the recognition of an infection go by the true level, as a stand-in for
clinical sense. Beside the grade that they believe stands the true one, by the greater cause.
"""
