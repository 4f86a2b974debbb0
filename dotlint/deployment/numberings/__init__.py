"""What the numbers in names, labels and clusters mean: one decision for the whole file.

`marks` finds the numbers and the words before them, `axes` joins them to numberings, `evidence` collects how the nodes
of each value relate to devices and edges, and `decide` chooses the meanings; `decision` has the data of all of them.
"""
