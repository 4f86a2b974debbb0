"""Read a graph as a deployment: phase, stage, layer, role and shard of every node, and the patterns of its units."""
