"""Read the Terraform configuration for tests: modules, blocks and evaluated IAM policies."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import hcl2

from infra.settings import PROJECT

ROOT = PROJECT / "infra" / "terraform"
MODULES = {
    "root": ROOT,
    **{path.name: path for path in sorted((ROOT / "modules").iterdir()) if path.is_dir()},
}
_ONE_EXPRESSION = re.compile(r"\$\{(.+)\}", re.S)
_INSIDE = re.compile(r"\$\{([^{}]+)\}")
_EACH = re.compile(r"\[\s*for (\w+) in (.+?) : (\".*\")\s*\]", re.S)


@dataclass(frozen=True)
class Block:
    """A block of a module: `resource` or `data`, its type, its name and its body."""

    module: str
    kind: str
    type: str
    name: str
    body: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.module}: {self.kind} {self.type}.{self.name}"


@cache
def module(name: str) -> dict[str, list]:
    """All files of a module merged, as parsed by python-hcl2."""
    merged: dict[str, list] = {}
    for path in sorted(MODULES[name].glob("*.tf")):
        with path.open() as file:
            for kind, blocks in hcl2.load(file).items():
                merged.setdefault(kind, []).extend(blocks)
    return merged


def plain(text: str) -> str:
    """A string without the quotes that python-hcl2 keeps."""
    return text[1:-1] if text[:1] == text[-1:] == '"' else text


def named(name: str, kind: str) -> dict[str, dict[str, Any]]:
    """Variables, outputs or modules by name."""
    found = {}
    for block in module(name).get(kind, []):
        for label, body in block.items():
            found[plain(label)] = body
    return found


def blocks() -> list[Block]:
    """All resources and data sources of all modules."""
    return [
        Block(name, kind, plain(type_), plain(label), body)
        for name in MODULES
        for kind in ("resource", "data")
        for block in module(name).get(kind, [])
        for type_, labelled in block.items()
        for label, body in labelled.items()
    ]


def text_of(name: str) -> str:
    """The source of a module."""
    return "\n".join(path.read_text() for path in sorted(MODULES[name].glob("*.tf")))


class Values:
    """Values of variables and references, to evaluate expressions."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def of(self, expression: Any) -> Any:
        """Evaluate an expression of the types that the policies use.

        Raises:
            KeyError: a reference is unknown.
        """
        if isinstance(expression, list):
            return [self.of(item) for item in expression]
        if not isinstance(expression, str):
            return expression
        if expression[:1] == '"':
            return _INSIDE.sub(lambda inside: str(self._reference(inside[1])), plain(expression))
        whole = _ONE_EXPRESSION.fullmatch(expression)
        return self._reference(whole[1]) if whole else expression

    def _reference(self, text: str) -> Any:
        text = text.strip()
        if each := _EACH.fullmatch(text):
            items = self._reference(each[2])
            return [Values({**self._values, each[1]: item}).of(each[3]) for item in items]
        if text.startswith("["):
            return [self.of(item.strip()) for item in text.strip("[]").split(",") if item.strip()]
        if text[:1] == '"':
            return self.of(text)
        return self._values[text]


def policy(name: str, document: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    """The statements of an aws_iam_policy_document, as IAM would see them."""
    (block,) = [
        b
        for b in blocks()
        if (b.module, b.type, b.name) == (name, "aws_iam_policy_document", document)
    ]
    worked = Values(values)
    bodies = list(block.body.get("statement", []))
    for dynamic in block.body.get("dynamic", []):
        (statement,) = dynamic.values()
        bodies += statement["content"]
    return [
        {
            "Sid": worked.of(body.get("sid", '""')),
            "Effect": worked.of(body.get("effect", '"Allow"')),
            "Action": worked.of(body["actions"]),
            "Resource": worked.of(body.get("resources", ['"*"'])),
            "Principal": [
                (worked.of(p["type"]), worked.of(p["identifiers"]))
                for p in body.get("principals", [])
            ],
            "Condition": [
                (worked.of(c["test"]), worked.of(c["variable"]), worked.of(c["values"]))
                for c in body.get("condition", [])
            ],
        }
        for body in bodies
    ]
