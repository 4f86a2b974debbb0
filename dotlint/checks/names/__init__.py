"""N: ids, statements and text that do not mean what the author intended."""
