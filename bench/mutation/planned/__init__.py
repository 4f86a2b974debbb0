"""Drawings of `dotlint new` with a defect each: the manner is one, the plans, layouts and details are many."""
