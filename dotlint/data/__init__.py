"""Facts about Graphviz."""
