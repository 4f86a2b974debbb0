"""What travels along each edge of a deployment: shapes, and placements on the axes of the mesh."""
