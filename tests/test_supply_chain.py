"""Everything that is installed is pinned with its hash; licences and actions are checked."""

import re

import yaml

from infra.settings import PROJECT

LOCK = (PROJECT / "requirements.lock").read_text()
WORKFLOWS = sorted((PROJECT / ".github" / "workflows").glob("*.yaml"))


def _packages() -> dict[str, str]:
    """The entry of each package in the lock file, by name."""
    entries = re.split(r"^(?=[a-z0-9])", LOCK, flags=re.MULTILINE)
    return {entry.partition("==")[0]: entry for entry in entries if entry.strip()}


def test_every_package_of_the_lock_file_has_hashes_and_one_version() -> None:
    found = _packages()
    assert len(found) > 200
    for name, entry in found.items():
        assert re.match(r"[a-z0-9._-]+(\[[a-z,]+\])?==[\w.!+-]+( ; .*)? \\\n", entry), name
        assert "--hash=sha256:" in entry, name
    assert "://" not in LOCK, "no registry's host stands in the repository"


def test_the_make_target_and_the_image_check_the_hashes() -> None:
    setup = (PROJECT / "Makefile").read_text().partition(".venv/ready: requirements.lock")[2]
    installs = [line for line in setup.splitlines() if re.search(r" (install|sync) ", line)]
    assert len(installs) == 3
    for line in installs:
        assert "--require-hashes" in line or "--no-build-isolation" in line, line
    image = (PROJECT / "deployments" / "Dockerfile").read_text()
    assert "pip install --no-cache-dir --require-hashes" in image
    assert "--constraint requirements.lock" in image  # uv verifies the hashes of constraints


def test_the_licence_of_every_installed_package_is_listed() -> None:
    listed = {
        line.partition(" ")[0] for line in (PROJECT / "licences.txt").read_text().splitlines()
    }
    plain = {re.sub(r"[-_.]+", "-", name).lower() for name in listed}
    # packages for other systems and Python versions are in the lock file only
    everywhere = {
        re.sub(r"[-_.]+", "-", name.partition("[")[0]).lower()
        for name, entry in _packages().items()
        if " ; " not in entry.splitlines()[0]
    }
    assert everywhere - plain == set(), "run `make licences`"


def test_the_actions_of_workflows_are_pinned_by_their_commit() -> None:
    assert WORKFLOWS
    for path in WORKFLOWS:
        jobs = yaml.safe_load(path.read_text())["jobs"]
        used = [step["uses"] for job in jobs.values() for step in job["steps"] if "uses" in step]
        assert used
        for action in used:
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action), action
