"""The output of `dotlint diff`."""
