"""The configuration is consistent, matches the AWS provider's schema, and is documented."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra.settings import Settings
from tests.infra.terraform.configuration import MODULES, ROOT, Block, blocks, named, plain, text_of
from tests.infra.terraform.provider import package, schema

ENVIRONMENTS = sorted((ROOT / "environments").glob("*.tfvars"))
# types built into Terraform, without a provider
_BUILT_IN = {"terraform_data"}
_META = {"count", "for_each", "depends_on", "lifecycle", "provider", "dynamic"}


@pytest.mark.parametrize("name", MODULES)
def test_variables_and_outputs_are_described(name: str) -> None:
    for kind in ("variable", "output"):
        for label, body in named(name, kind).items():
            assert plain(body["description"]).endswith((".", "…", '"', "?")), f"{name}: {label}"
            if kind == "variable":
                assert body["type"], f"{name}: {label} has no type"


def test_each_variable_of_a_user_is_validated() -> None:
    for label, body in named("root", "variable").items():
        # a boolean needs no validation
        assert body.get("validation") or body["type"] == "bool", label


def test_module_calls_match_the_variables_and_outputs_of_their_modules() -> None:
    for label, call in named("root", "module").items():
        variables = named(Path(plain(call["source"])).name, "variable")
        given = {key for key in call if not key.startswith("__")} - {
            "source",
            "count",
            "depends_on",
        }
        required = {v for v, body in variables.items() if "default" not in body}
        assert given <= set(variables), f"{label}: {given - set(variables)}"
        assert required <= given, f"{label}: {required - given}"
    for label, output in re.findall(r"module\.(\w+)(?:\[0\])?\.(\w+)", text_of("root")):
        assert output in named(label, "output"), f"module.{label}.{output}"


@pytest.mark.parametrize("name", MODULES)
def test_every_reference_is_declared(name: str) -> None:
    text = text_of(name)
    assert set(re.findall(r"\bvar\.(\w+)", text)) == set(named(name, "variable"))
    here = {(b.kind, b.type, b.name) for b in blocks() if b.module == name}
    for type_, label in re.findall(r"(?<!data\.)\b(aws_\w+)\.(\w+)", text):
        assert ("resource", type_, label) in here, f"{name}: {type_}.{label}"
    for type_, label in re.findall(r"\bdata\.(aws_\w+)\.(\w+)", text):
        assert ("data", type_, label) in here, f"{name}: data.{type_}.{label}"


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_an_environment_sets_only_existing_and_all_required_variables(path: Path) -> None:
    variables = named("root", "variable")
    given = set(re.findall(r"^(\w+)\s*=", path.read_text(), re.M))
    assert given <= set(variables)
    assert {v for v, body in variables.items() if "default" not in body} <= given
    assert path.with_suffix(".s3.tfbackend").is_file()


@pytest.mark.skipif(package() is None, reason="no provider schema; run `make lint-terraform`")
@pytest.mark.parametrize("block", blocks(), ids=str)
def test_every_block_matches_the_provider_schema(block: Block) -> None:
    if block.type in _BUILT_IN:
        return
    classes = schema(block.type.removeprefix("aws_"), block.kind)
    assert classes is not None, f"the provider has no {block.kind} {block.type}"
    _check(str(block), next(iter(classes)), block.body, classes)


def _check(where: str, class_: str, body: dict[str, Any], classes: dict) -> None:
    """Given arguments exist and required ones are given, also in nested blocks."""
    arguments, nested = classes[class_]
    given = {key: value for key, value in body.items() if not key.startswith("__")}
    for dynamic in given.get("dynamic", []):
        for label, block in dynamic.items():
            (content,) = block["content"]
            given.setdefault(plain(label), []).append(content)
    given = {key: value for key, value in given.items() if key not in _META}
    assert set(given) <= set(arguments), f"{where}: unknown {set(given) - set(arguments)}"
    required = {name for name, needed in arguments.items() if needed}
    assert required <= set(given), f"{where}: missing {required - set(given)}"
    for name, value in given.items():
        for block in value if isinstance(value, list) else []:
            if isinstance(block, dict) and name in nested:
                _check(f"{where}.{name}", nested[name], block, classes)


def test_the_schema_check_finds_missing_and_unknown_arguments() -> None:
    """The schema check must be able to fail."""
    classes = {"R": ({"name": True, "rule": False}, {"rule": "Rule"}), "Rule": ({"id": True}, {})}
    _check("r", "R", {"name": "x", "rule": [{"id": 1}], "count": 2}, classes)
    for wrong in ({"rule": []}, {"name": "x", "nmae": 1}, {"name": "x", "rule": [{"di": 1}]}):
        with pytest.raises(AssertionError):
            _check("r", "R", wrong, classes)


def test_terraform_outputs_name_existing_settings() -> None:
    printed = set(re.findall(r"\b(OLIST_\w+)\s*=", (ROOT / "outputs.tf").read_text()))
    known = {f"OLIST_{name.upper()}" for name in Settings.model_fields}
    # the rest is for deployments/prefect.aws.yaml
    deployed = set(re.findall(r"\$(\w+)", (ROOT.parents[1] / "deployments" / "prefect.aws.yaml").read_text()))  # fmt: skip
    assert printed <= known | deployed, printed - known - deployed
    assert deployed - {"OLIST_VERSION"} <= printed, deployed - printed


def test_terraform_interpolations_are_not_escaped() -> None:
    """`$${` is a literal `${`, and the rest of the line then means something else."""
    for name in MODULES:
        assert "$${" not in text_of(name), name


def test_no_terraform_resource_stores_a_secret_in_the_state() -> None:
    text = "\n".join(text_of(name) for name in MODULES)
    for word in (
        *("random_password", "admin_user_password", "secret_version", "aws_iam_access_key"),
        *("secret_string", "tls_private_key", "private_key"),
    ):
        assert word not in text, word


def test_no_resource_is_publicly_accessible() -> None:
    text = "\n".join(text_of(name) for name in MODULES)
    assert re.findall(r"publicly_accessible\s*=\s*(\w+)", text) == ["false"]
    assert re.findall(r"associate_public_ip_address\s*=\s*(\w+)", text) == ["false"]
    ingress = [b for b in blocks() if b.type == "aws_vpc_security_group_ingress_rule"]
    assert [set(b.body) & {"cidr_ipv4", "cidr_ipv6", "prefix_list_id"} for b in ingress] == [set()]


@pytest.mark.skipif(shutil.which("terraform") is None, reason="no terraform binary here")
def test_the_terraform_code_is_formatted() -> None:
    done = subprocess.run(
        ["terraform", "fmt", "-check", "-recursive", str(ROOT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""
