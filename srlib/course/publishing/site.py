"""The executed notebooks as a static site that needs no server, no network and no script.

nbconvert makes it: the course has it already, and its plain template leaves styles and scripts to us, where Jupyter
Book and MkDocs bring themes whose contrasts are not ours. Formulas become MathML, which browsers draw by themselves.
"""

import dataclasses
import html
import importlib.util
import pathlib
import posixpath

import bs4
import jinja2
import nbconvert
import nbformat
from nbconvert.filters import markdown_mistune
from pygments import formatters

from srlib import files
from srlib.course import runner
from srlib.course.publishing import colab_badges, templating
from srlib.errors import InputError
from srlib.machine import extras

CODE_STYLE = "xcode"  # of Pygments' styles with several colours the one all of which stand out by 4.5:1


@dataclasses.dataclass(frozen=True)
class Page:
    """Page of the site: an executed notebook, its file name without suffix, its title and its question."""

    name: str
    title: str
    question: str
    notebook: nbformat.NotebookNode


class Renderer(markdown_mistune.IPythonRenderer):
    """nbconvert's Markdown with formulas as MathML."""

    def block_math(self, body: str) -> str:
        return _mathml(body, "block")

    def multiline_math(self, text: str) -> str:
        return _mathml(text.strip("$"), "block")

    def latex_environment(self, name: str, body: str) -> str:
        return _mathml(rf"\begin{{{name}}}{body}\end{{{name}}}", "block")

    def inline_math(self, body: str) -> str:
        return _mathml(body, "inline")


class Exporter(nbconvert.HTMLExporter):
    """Notebooks as bare HTML; figures become files."""

    def __init__(self, **options: object) -> None:
        options = {"template_name": "basic", "exclude_input_prompt": True, "exclude_output_prompt": True, **options}
        super().__init__(**options)
        self.register_preprocessor("nbconvert.preprocessors.ExtractOutputPreprocessor", enabled=True)

    @jinja2.pass_context
    def markdown2html(self, context: jinja2.runtime.Context | dict, source: str) -> str:
        renderer = Renderer(escape=False, exclude_anchor_links=True)
        return markdown_mistune.MarkdownWithMath(renderer=renderer).render(source)


def build(executed: pathlib.Path | str, folder: pathlib.Path | str, *, root: pathlib.Path | str) -> list[pathlib.Path]:
    """Write the site: index.html, a page for each executed notebook, their figures and style.css.

    Args:
        executed: folder of executed notebooks, as `srlib course` leaves them.
        folder: where the site goes.
        root: of the clone; links that lead out of the notebooks go to its address.
    Returns:
        the paths of the pages.
    Raises:
        InputError: no notebook there, one that failed, a picture without alt text, or latex2mathml is missing.
    """
    if importlib.util.find_spec("latex2mathml") is None:
        raise extras.missing("the site needs the package latex2mathml", "site")
    paths, folder, address = runner.find("", executed), pathlib.Path(folder), colab_badges.address(root)
    pages = [Page(path.stem, *runner.head(path), runner.executed(path)) for path in paths]
    made = [_write(page, pages, folder, address) for page in pages]
    files.write_text(folder / "style.css", style())
    files.write_text(folder / "index.html", templating.render("site_index.html", pages=pages, links=[]))
    return [folder / "index.html", *made]


def style() -> str:
    """The style sheet: that of the pages, then that of highlighted code."""
    code = formatters.HtmlFormatter(style=CODE_STYLE).get_style_defs(".highlight")
    wanted = [line for line in code.splitlines() if line.startswith(".highlight .") and "background" not in line]
    return templating.render("site.css") + "\n".join([*wanted, ""])


def _write(page: Page, pages: list[Page], folder: pathlib.Path, address: str | None) -> pathlib.Path:
    """One page and its figures; gives the page's path."""
    notebook = runner.without_paths(page.notebook)
    for output in runner.outputs(notebook, "image/png"):  # nbconvert would fill in a missing alt text
        output.metadata.setdefault("image/png", {}).setdefault("alt", "")
    resources = {"unique_key": page.name, "output_files_dir": f"{page.name}_files"}
    body, resources = Exporter().from_notebook_node(notebook, resources)
    for name, content in resources["outputs"].items():
        files.write_bytes(folder / name, content)
    content = _mended(body, page.name, {each.name for each in pages}, address)
    path = folder / f"{page.name}.html"
    links = _neighbours(page, pages)
    files.write_text(path, templating.render("site_page.html", title=page.title, links=links, content=content))
    return path


def _mended(body: str, name: str, names: set[str], address: str | None) -> str:
    """A page's HTML with its links inside the site, tables with header cells that say so, and no foreign picture."""
    soup = bs4.BeautifulSoup(body, "html.parser")
    for picture in soup.find_all("img"):
        if not picture.get("alt", "").strip() or picture["alt"].startswith("No description"):
            raise InputError(f"{name}: a picture has no alt text; show it with figures.show(figure, alt=…)")
        if picture.get("src", "").startswith("http"):
            picture.replace_with(picture["alt"])
    for link in soup.find_all("a", href=True):
        link["href"] = _link(link["href"], names, address)
    for head in soup.find_all("th"):
        head["scope"] = "col"
    for wide in soup.find_all(["pre", "table"]):
        wide["tabindex"] = "0"  # one that is wider than the page can be moved with the keys
    return str(soup)


def _link(target: str, names: set[str], address: str | None) -> str:
    """Where a notebook's link leads on the site: another page, else a file in the repository."""
    place, mark, anchor = target.partition("#")
    if "://" in target or not place:
        return target
    if place.endswith(".ipynb") and place.removesuffix(".ipynb") in names:
        return f"{place.removesuffix('.ipynb')}.html{mark}{anchor}"
    inside = posixpath.normpath(posixpath.join("notebooks", place))
    return f"{address}/blob/main/{inside}{mark}{anchor}" if address else target


def _mathml(formula: str, display: str) -> str:
    from latex2mathml import converter

    return converter.convert(html.unescape(formula).strip(), display=display)


def _neighbours(page: Page, pages: list[Page]) -> list[tuple[str, Page]]:
    """The pages before and after, each with the text of a link to it."""
    place = pages.index(page)
    before, after = pages[:place][-1:], pages[place + 1 :][:1]
    return [(f"← {each.title}", each) for each in before] + [(f"{each.title} →", each) for each in after]
