"""The rule engine: cards (what a rule says), checks (what finds it), the runner, and what comes out."""
