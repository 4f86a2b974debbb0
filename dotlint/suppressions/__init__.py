"""Comments that suppress findings: `// dotlint: ignore[S001] reason`."""
