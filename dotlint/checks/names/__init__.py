"""N: ids, statements and text that mean something else than was intended."""
