"""Lint and fix one file or many: findings with fixes, trials of fixes, and the fixed point."""
