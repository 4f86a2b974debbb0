"""The language server: `dotlint server` implements the Language Server Protocol over standard input and output.

The server process answers the editor and never lints. It starts worker processes that parse and lint texts and send
back the results (see `worker`). A large file therefore never delays typing, and an outdated run can be killed.
"""
