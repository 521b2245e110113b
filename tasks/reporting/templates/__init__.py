"""Templates of self-contained HTML pages: one file each, which needs no network."""

from functools import cache
from pathlib import Path

import jinja2


@cache
def _templates() -> jinja2.Environment:
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("tasks.reporting", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["number"] = lambda value, digits=0: f"{value:,.{digits}f}"
    return templates


def page(template: str, **facts: object) -> str:
    """Render a template of this folder to HTML."""
    return _templates().get_template(template).render(**facts)


def write(path: Path, text: str) -> None:
    """Write a page atomically: a reader sees the whole old page or the whole new page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".part")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError:  # such as a full disk
        beside.unlink(missing_ok=True)
        raise
