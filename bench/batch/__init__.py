"""A benchmark of `dotlint batch`: rows per second, seconds of the processor per row, and memory, by engine and size.

python -m bench.batch make 100000 graphs.parquet     rows as a generator of deployment graphs writes them
python -m bench.batch measure graphs.parquet         the table, as Markdown
"""
