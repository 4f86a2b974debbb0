"""Do syntax fixes give back what was meant: break valid files at one token, fix them, and compare the graphs.

python -m bench.repair [FOLDER]     from the checkout; prints a table by rule for safe and for unsafe fixes
"""
