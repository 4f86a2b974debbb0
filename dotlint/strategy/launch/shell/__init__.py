"""The commands of a shell script, read as a shell splits them into words, with the offset of every character.

Nothing is run and no variable of the environment is read: a word with a command substitution, or with a variable that
the script does not set, is marked as unknown.
"""
