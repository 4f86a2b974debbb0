"""A benchmark of the rules: correct deployments in many schemes, and one defect at a time.

python -m bench.mutation            from the checkout; prints a table by mutation and one by scheme
"""
