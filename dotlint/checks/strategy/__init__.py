"""P: what the file says of its strategy, and the numbers of shards and experts that it draws."""
