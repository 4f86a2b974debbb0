"""D: the GPUs that nodes name, compared with those of the strategy."""
