"""Memory of a plan: what each GPU of a stage holds, in bytes, and whether that fits."""
