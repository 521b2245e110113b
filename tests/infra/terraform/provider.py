"""The schema of the AWS provider: resource types, their arguments, and which are required.

CDKTF's package for the provider is generated from the provider's schema, one module per resource.
It is read as text (`make .venv/terraform/ready` downloads it); nothing of it is imported.
"""

import ast
from functools import cache
from pathlib import Path
from zipfile import ZipFile

from infra.settings import PROJECT

TOOLS = PROJECT / ".venv" / "terraform"
# arguments of every resource that belong to Terraform, not to the provider
_META = {"connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioners"}

Arguments = dict[str, bool]  # name → whether it is required


def package() -> Path | None:
    """The downloaded package, or None."""
    return next(iter(TOOLS.glob("cdktf_cdktf_provider_aws-*.whl")), None)


@cache
def schema(type_: str, kind: str) -> dict[str, tuple[Arguments, dict[str, str]]] | None:
    """Classes of a resource or data source: arguments, and the class of each block argument.

    The first class is the resource itself. Returns None if the provider does not know the type.
    """
    found = package()
    assert found is not None
    folder = ("data_aws_" if kind == "data" else "") + type_
    with ZipFile(found) as wheel:
        try:
            tree = ast.parse(wheel.read(f"cdktf_cdktf_provider_aws/{folder}/__init__.py"))
        except KeyError:
            return None
    classes = {}
    for node in tree.body:
        if not isinstance(node, ast.ClassDef):
            continue
        for part in node.body:
            if isinstance(part, ast.FunctionDef) and part.name == "__init__":
                names = [a for a in part.args.kwonlyargs if a.arg not in _META]
                required = dict(zip(part.args.kwonlyargs, part.args.kw_defaults, strict=True))
                arguments = {a.arg.rstrip("_"): required[a] is None for a in names}
                blocks = {a.arg.rstrip("_"): _class_in(a.annotation) for a in names}
                classes[node.name] = (arguments, {k: v for k, v in blocks.items() if v})
    return classes


def _class_in(annotation: ast.expr | None) -> str:
    """The class of a block argument: the only string in its annotation."""
    if annotation is None:
        return ""
    texts = [n.value for n in ast.walk(annotation) if isinstance(n, ast.Constant)]
    return next((text for text in texts if isinstance(text, str)), "")
