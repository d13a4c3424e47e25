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
from srlib.course.publishing import colab_badges
from srlib.errors import InputError

CODE_STYLE = "xcode"  # of Pygments' styles with several colours the one all of which stand out by 4.5:1
_CSS = pathlib.Path(__file__).with_name("site.css")
_TITLE = "Face super-resolution with GANs"


@dataclasses.dataclass(frozen=True)
class Page:
    """An executed notebook: its file name without suffix, its title and question, and itself."""

    name: str
    title: str
    question: str
    notebook: nbformat.NotebookNode


class Renderer(markdown_mistune.IPythonRenderer):
    """nbconvert's Markdown with formulas as MathML."""

    def block_math(self, body):
        return _mathml(body, "block")

    def multiline_math(self, text):
        return _mathml(text.strip("$"), "block")

    def latex_environment(self, name, body):
        return _mathml(rf"\begin{{{name}}}{body}\end{{{name}}}", "block")

    def inline_math(self, body):
        return _mathml(body, "inline")


class Exporter(nbconvert.HTMLExporter):
    """Notebooks as bare HTML; figures become files."""

    def __init__(self, **options):
        options = {"template_name": "basic", "exclude_input_prompt": True, "exclude_output_prompt": True, **options}
        super().__init__(**options)
        self.register_preprocessor("nbconvert.preprocessors.ExtractOutputPreprocessor", enabled=True)

    @jinja2.pass_context
    def markdown2html(self, context, source):
        renderer = Renderer(escape=False, exclude_anchor_links=True)
        return markdown_mistune.MarkdownWithMath(renderer=renderer).render(source)


def build(executed, folder, root):
    """Write the site: index.html, a page for each executed notebook, their figures and style.css.

    Args:
        executed: folder of executed notebooks, as `srlib course` leaves them.
        folder: where the site goes.
        root: of the clone; links that lead out of the notebooks go to its address.
    Returns:
        list of `pathlib.Path`, the pages.
    Raises:
        InputError: no notebook there, one that failed, a picture without alt text, or latex2mathml is missing.
    """
    if importlib.util.find_spec("latex2mathml") is None:
        raise InputError("the site needs latex2mathml: pip install 'srlib[site]'")
    pages, folder = [read(path) for path in runner.find("", executed)], pathlib.Path(folder)
    address = colab_badges.address(root)
    made = [_write(page, pages, folder, address) for page in pages]
    files.write_text(folder / "style.css", style())
    files.write_text(folder / "index.html", _framed(_TITLE, "", _index(pages)))
    return [folder / "index.html", *made]


def read(path):
    """The `Page` of an executed notebook; raises InputError as `runner.executed` does."""
    notebook = runner.executed(path)
    return Page(path.stem, *runner.head(path), notebook)


def style():
    """The text of style.css: the pages', and that of the highlighted code."""
    code = formatters.HtmlFormatter(style=CODE_STYLE).get_style_defs(".highlight")
    wanted = [line for line in code.splitlines() if line.startswith(".highlight .") and "background" not in line]
    return "\n".join([_CSS.read_text(encoding="utf-8").rstrip(), *wanted, ""])


def _write(page, pages, folder, address):
    """One page and its figures; gives the page's path."""
    resources = {"unique_key": page.name, "output_files_dir": f"{page.name}_files"}
    body, resources = Exporter().from_notebook_node(_told(page.notebook), resources)
    for name, content in resources["outputs"].items():
        with files.replacing(folder / name) as beside:
            beside.write_bytes(content)
    content = _mended(body, page.name, {each.name for each in pages}, address)
    path = folder / f"{page.name}.html"
    files.write_text(path, _framed(page.title, _neighbours(page, pages), content))
    return path


def _told(notebook):
    """A copy whose pictures without alt text have it empty, which nbconvert would fill with an excuse.

    The places on the machine that ran it, among the parameters from outside, are left out.
    """
    copy = nbformat.from_dict(notebook)
    for cell in copy.cells:
        cell.source = runner.without_places(cell)
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                output.metadata.setdefault("image/png", {}).setdefault("alt", "")
    return copy


def _mended(body, name, names, address):
    """A page's HTML with its links inside the site, tables with header cells that say so, and no foreign picture."""
    soup = bs4.BeautifulSoup(body, "html.parser")
    for picture in soup.find_all("img"):
        if not picture.get("alt", "").strip() or picture["alt"].startswith("No description"):
            raise InputError(f"{name}: a picture has no alt text; show it with viz.show(figure, alt=…)")
        if picture.get("src", "").startswith("http"):
            picture.replace_with(picture["alt"])
    for link in soup.find_all("a", href=True):
        link["href"] = _link(link["href"], names, address)
    for head in soup.find_all("th"):
        head["scope"] = "col"
    for wide in soup.find_all(["pre", "table"]):
        wide["tabindex"] = "0"  # one that is wider than the page can be moved with the keys
    return str(soup)


def _link(target, names, address):
    """Where a notebook's link leads on the site: another page, else a file in the repository."""
    place, mark, anchor = target.partition("#")
    if "://" in target or not place:
        return target
    if place.endswith(".ipynb") and place.removesuffix(".ipynb") in names:
        return f"{place.removesuffix('.ipynb')}.html{mark}{anchor}"
    inside = posixpath.normpath(posixpath.join("notebooks", place))
    return f"{address}/blob/main/{inside}{mark}{anchor}" if address else target


def _mathml(formula, display):
    from latex2mathml import converter

    return converter.convert(html.unescape(formula).strip(), display=display)


def _neighbours(page, pages):
    """Links to the notebooks before and after."""
    place = pages.index(page)
    before, after = pages[:place][-1:], pages[place + 1 :][:1]
    linked = [(f"← {each.title}", each) for each in before] + [(f"{each.title} →", each) for each in after]
    return "\n".join(f'<a href="{each.name}.html">{html.escape(text)}</a>' for text, each in linked)


def _index(pages):
    """The first page's table of notebooks."""
    links = [f'<a href="{page.name}.html">{html.escape(page.title)}</a>' for page in pages]
    rows = "\n".join(
        f"<tr><td>{link}</td><td>{html.escape(page.question)}</td></tr>" for link, page in zip(links, pages)
    )
    head = '<tr><th scope="col">Notebook</th><th scope="col">Question</th></tr>'
    table = f'<table tabindex="0">\n<thead>{head}</thead>\n<tbody>\n{rows}\n</tbody>\n</table>'
    return f"<h1>{_TITLE}</h1>\n{_ABOUT}\n{table}"


def _framed(title, links, content):
    return _PAGE.format(title=html.escape(title), links=links, content=content)


_ABOUT = (
    "<p>A course and a reproduction: single-image super-resolution ×4 with GANs and no face prior. The pages are the "
    "notebooks as they ran, with their figures.</p>\n<p>A network that enlarges a face invents detail that looks "
    "likely. It is not evidence of what was there, and must never be used to identify a person.</p>"
)
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="style.css">
</head>
<body>
<a class="skip" href="#content">To the content</a>
<nav aria-label="Notebooks">
<a href="index.html">Overview</a>
{links}
</nav>
<main id="content">
{content}
</main>
<footer>Text and figures: CC BY 4.0.</footer>
</body>
</html>
"""
