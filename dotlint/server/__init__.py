"""The language server: `dotlint server` speaks the Language Server Protocol over standard input and output.

One process answers the editor and never lints; others, started by it, read and lint texts and send back what they
found (`worker`). So typing is never held up by a large file, and a run that is out of date can be ended at once.
"""
