"""The MCP server: check, fix and explain deployment graphs for language models."""
