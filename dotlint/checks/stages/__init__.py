"""S: edges and stages that are missing, and the order and links of stages."""
