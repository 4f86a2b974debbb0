"""The rule engine: cards that define rules, the context that checks see, findings, and the baseline."""
