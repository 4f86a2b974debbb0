"""Calculations of a plan: whether its degrees divide what they shard, as its engine requires."""
