"""Evaluate requests as IAM does: explicit deny, else allow, else implicit deny.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import re
from typing import Any


def allows(statements: list[dict[str, Any]], action: str, resource: str, **context: str) -> bool:
    """Whether a policy allows an action; `context` keys are written with _ for : and /."""
    met = [s for s in statements if _matches(s, action, resource, context)]
    if any(s["Effect"] == "Deny" for s in met):
        return False
    return any(s["Effect"] == "Allow" for s in met)


def _matches(statement: dict[str, Any], action: str, resource: str, context: dict) -> bool:
    return (
        any(_like(pattern.lower(), action.lower()) for pattern in statement["Action"])
        and any(_like(pattern, resource) for pattern in statement["Resource"])
        and all(_holds(*condition, context) for condition in statement["Condition"])
    )


def _holds(test: str, variable: str, values: list[str], context: dict[str, str]) -> bool:
    actual = context.get(re.sub(r"\W", "_", variable))
    if actual is None:
        return False
    if test in {"StringLike", "ArnLike"}:
        return any(_like(value, actual) for value in values)
    if test in {"StringEquals", "ArnEquals", "Bool"}:
        return actual in values
    raise NotImplementedError(test)


def _like(pattern: str, text: str) -> bool:
    """`*` is any text, slashes included; `?` is one character."""
    parts = ("." if c == "?" else ".*" if c == "*" else re.escape(c) for c in pattern)
    return re.fullmatch("".join(parts), text, re.S) is not None
