"""The strategies that the benchmark draws."""

from __future__ import annotations

from bench.mutation.model import Plan

PLANS = [
    Plan(pp=4, tp=2, sp=2),
    Plan(pp=1, tp=2),
    Plan(pp=1, tp=2, ep=4, moe=True, facts=True),
    Plan(pp=4, tp=2, ep=4, sp=2, moe=True, decode=True),
    Plan(pp=1, tp=2, layers=6, facts=True),
    Plan(pp=2, tp=4, layers=2),
    Plan(pp=2, tp=1, ep=8, moe=True, facts=True),
    Plan(pp=3, tp=2, ep=2, layers=3, moe=True, experts_each=4),
    Plan(pp=16, tp=1),
    Plan(pp=8, tp=2, ep=2, moe=True, sends=True, facts=True),
    Plan(pp=1, tp=1, ep=16, layers=3, moe=True, experts_each=1),
    Plan(pp=3, tp=2, layers=3, decode=True),
    Plan(pp=4, tp=4, heads=True, facts=True),
    Plan(pp=6, tp=2, ep=4, moe=True, payload=True),
    Plan(pp=2, tp=8, sp=2, layers=2),
    Plan(pp=2, tp=2, dp=2, replicas=2, layers=2),
    Plan(pp=4, tp=2, ep=2, dp=4, moe=True, facts=True),
    Plan(pp=2, tp=4, layers=2, ranks=True, residual=True),
    Plan(pp=4, tp=2, ep=2, moe=True, payload=True, residual=True, sends=True, facts=True),
    Plan(pp=4, tp=2, layers=2, only="decode"),
    Plan(pp=4, tp=2, sp=2, decode=True, apart=True, heads=True),
    Plan(pp=2, tp=1, sp=4, layers=2, facts=True),
    Plan(pp=8, tp=1, layers=1, residual=True),
]
