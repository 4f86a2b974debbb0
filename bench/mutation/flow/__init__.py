"""Deployments drawn at random whose labels state how tensors travel, and defects of that."""
