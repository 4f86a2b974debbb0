"""How fast dotlint is, against the tools that read DOT: ratios of one run on one machine."""
