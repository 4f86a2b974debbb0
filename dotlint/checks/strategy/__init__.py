"""P: the strategy that the file states, and the numbers of shards and experts that it draws."""
