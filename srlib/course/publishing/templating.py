"""Templates of pages, cards and cells: Jinja2 files in the folder `templates`.

Jinja2 comes with nbconvert. Unlike `string.Template` it knows loops and conditions, so that a whole page can be read in
one file. Nothing is escaped of itself, as most templates are Markdown: in HTML, text passes the filter `html`.
"""

import html
import pathlib

import jinja2

_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(pathlib.Path(__file__).with_name("templates")),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    keep_trailing_newline=True,
)
_ENVIRONMENT.filters["html"] = html.escape


def render(template: str, /, **values: object) -> str:
    """The text of a template with its values filled in.

    Args:
        template: name of a file in the folder `templates`, such as "model_card.md".
        values: what the template names; one that is missing is an error.
    """
    return _ENVIRONMENT.get_template(template).render(values)
