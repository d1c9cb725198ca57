"""The virtual clinicians: who is in hospital, what is measured and given, and the grade of CRS.

They see what is measured (with its error), not the hidden state; two judgements use the truth, as a
stand-in for clinical sense: whether CRS or infection is the greater cause, and how much support is
needed. The ASTCT grade follows from measured fever, support given and measured low pressure.
"""
