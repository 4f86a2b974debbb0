"""GPUs of a node: inferred from its siblings, written into its label."""
