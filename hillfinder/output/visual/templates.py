"""Fill the HTML templates: values are escaped, unless the template says otherwise."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment


def render(template: str, **facts: object) -> str:
    """Return a page.

    Args:
        template: its path inside the package.
        facts: the names in the template, all of them.
    """
    return _jinja().get_template(template).render(facts)


@cache
def _jinja() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from hillfinder.output.text.sanitize import plain

    environment = Environment(
        loader=PackageLoader("hillfinder", ""),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    # Compact ASCII: ``tojson`` escapes <, > and &, so that no tag begins or ends in a script block.
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "allow_nan": False}
    environment.filters["plain"] = plain
    return environment
