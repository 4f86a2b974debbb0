"""How processor time and memory grow with the text: families of files, each doubled four times."""
