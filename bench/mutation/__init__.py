"""A benchmark of the rules: correct deployments in many schemes, and one defect at a time.

python -m bench.mutation                    from the checkout: 21 fixed schemes; a table by mutation and one by scheme
python -m bench.mutation --drawn 1000       schemes drawn at random; tables by mutation, factor and false finding
python -m bench.mutation --print 1.17       one of the drawn graphs
"""
