"""The static site: pages of executed notebooks that anybody can read, offline."""

import pathlib
import re

import bs4
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

pytest.importorskip("latex2mathml", reason="formulas of the site: pip install -e '.[site]'")

from srlib.cli import main
from srlib.course.publishing import site  # noqa: E402
from srlib.errors import InputError  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[3]
ADDRESS = "https://github.com/somebody/else"
HEAD = """[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/x)

# {title}

**Is this
a question?** More of <it>.

See [the next](02_b.ipynb#there), [one that is not here](07_c.ipynb), [data](../data/README.md), [here](#below).

$$\\bar x = \\frac{{1}}{{N}}\\sum_i x_i \\quad\\text{{in }}\\mathbb{{R}}$$ and $\\beta < 1$.

| a | b |
|---|---|
| 1 | $x^2$ |
"""


def picture(alt, png):
    metadata = {"image/png": {"alt": alt}} if alt is not None else {}
    return new_output("display_data", {"image/png": png, "text/plain": "<Image>"}, metadata=metadata)


@pytest.fixture
def executed(tmp_path, png):
    """A folder with two small notebooks as they ran."""
    (tmp_path / "notebooks").mkdir()
    for name, title in {"01_a": "01 · First & foremost", "02_b": "02 · Second"}.items():
        cell = new_code_cell("x = 1  # a comment\nprint(f'{x}')", execution_count=1)
        cell.outputs = [new_output("stream", text="1 \x1b[31mred\x1b[0m\n"), picture('two "lines" & a dot', png)]
        write(tmp_path / "notebooks" / f"{name}.ipynb", [new_markdown_cell(HEAD.format(title=title)), cell])
    (tmp_path / "pyproject.toml").write_text(f'[project.urls]\nRepository = "{ADDRESS}"\n')
    return tmp_path / "notebooks"


@pytest.fixture(scope="session")
def png(tmp_path_factory):
    import base64

    path = tmp_path_factory.mktemp("png") / "dot.png"
    Image.new("RGB", (3, 2)).save(path)
    return base64.b64encode(path.read_bytes()).decode()


def write(path, cells):
    nbformat.write(new_notebook(cells=cells), path)


@pytest.fixture
def pages(executed, tmp_path):
    """The built pages, parsed, by name."""
    made = site.build(executed, tmp_path / "site", root=tmp_path)
    return {path.stem: bs4.BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser") for path in made}


def test_places_on_the_machine_that_ran_a_notebook_are_not_told(executed, tmp_path):
    given = new_code_cell("# Parameters\nprofile = 'cpu'\nout_root = '/home/me/out'\ndata_root = '/home/me/data'")
    given.metadata["tags"] = ["injected-parameters"]
    cell = new_code_cell("1", outputs=[new_output("stream", text="1")])
    write(executed / "02_b.ipynb", [new_markdown_cell("# 02 · b"), given, cell])
    site.build(executed, tmp_path / "site", root=tmp_path)
    text = (tmp_path / "site" / "02_b.html").read_text()
    assert "profile" in text
    assert "/home/me" not in text


def test_there_is_a_page_for_each_notebook_and_one_that_lists_them(pages):
    assert list(pages) == ["index", "01_a", "02_b"]
    rows = [[cell.text for cell in row.find_all("td")] for row in pages["index"].find_all("tr")[1:]]
    assert rows == [["01 · First & foremost", "Is this a question?"], ["02 · Second", "Is this a question?"]]
    assert [page.title.text for page in pages.values()][1:] == ["01 · First & foremost", "02 · Second"]


def test_every_picture_has_its_alt_text_and_its_file(pages, tmp_path):
    for name in ("01_a", "02_b"):
        (found,) = pages[name].find_all("img")
        assert found["alt"] == 'two "lines" & a dot'
        assert Image.open(tmp_path / "site" / found["src"]).size == (3, 2)


@pytest.mark.parametrize("alt", [None, "", "  "])
def test_a_picture_without_alt_text_stops_the_site(executed, tmp_path, png, alt):
    cell = new_code_cell("x", outputs=[picture(alt, png)])
    write(executed / "03_c.ipynb", [new_markdown_cell("# 03 · Third"), cell])
    with pytest.raises(InputError, match="03_c: a picture has no alt text"):
        site.build(executed, tmp_path / "site", root=tmp_path)


def test_links_lead_to_pages_and_else_to_the_repository(pages):
    links = {link.text: link["href"] for link in pages["01_a"].main.find_all("a", href=True)}
    assert links["the next"] == "02_b.html#there"
    assert links["one that is not here"] == f"{ADDRESS}/blob/main/notebooks/07_c.ipynb"
    assert links["data"] == f"{ADDRESS}/blob/main/data/README.md"
    assert links["here"] == "#below"
    assert links["Open in Colab"].startswith("https://colab.research.google.com/")


def test_pages_follow_one_another(pages):
    assert [link["href"] for link in pages["01_a"].nav.find_all("a")] == ["index.html", "02_b.html"]
    assert [link["href"] for link in pages["02_b"].nav.find_all("a")] == ["index.html", "01_a.html"]


def test_formulas_are_mathml(pages):
    block, inline, cell = pages["01_a"].find_all("math")
    assert (block["display"], inline["display"]) == ("block", "inline")
    assert inline.text == "β<1"
    assert block.find("mfrac").text == "1N"
    assert cell.find("msup").text == "x2"
    assert "$" not in pages["01_a"].main.text


def test_nothing_is_fetched_from_elsewhere_and_nothing_runs(pages):
    for page in pages.values():
        assert not page.find_all(["script", "iframe", "style"])
        loaded = [tag.get("src") or tag["href"] for tag in page.find_all(["img", "link", "source"])]
        assert not [place for place in loaded if "//" in place]


def test_a_page_can_be_read_by_ear_and_by_keys(pages):
    for page in pages.values():
        assert page.html["lang"] == "en"
        assert len(page.find_all("h1")) == len(page.find_all("main")) == 1
        assert page.find("a", class_="skip")["href"] == f"#{page.main['id']}"
        assert all(head["scope"] == "col" for head in page.find_all("th"))
        assert all(wide["tabindex"] == "0" for wide in page.find_all(["pre", "table"]))
        assert all(link.text.strip() for link in page.find_all("a"))


def colours(style):
    """The text colours and the backgrounds that a style sheet sets, six digits each."""
    rules = re.findall(r"(?<!-)\b(color|background)\s*:\s*(#\w+)", re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL))
    return [{colour.lower() for kind, colour in rules if kind == wanted} for wanted in ("color", "background")]


def luminance(colour):
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_text_colour_stands_out_from_every_background():
    texts, backgrounds = colours(site.style())
    assert len(texts) > 10
    assert backgrounds == {"#ffffff", "#f4f4f4"}
    contrasts = {
        (text, ground): (luminance(ground) + 0.05) / (luminance(text) + 0.05)
        for text in texts
        for ground in backgrounds
    }
    assert min(contrasts.values()) >= 4.5, min(contrasts, key=contrasts.get)


def test_the_colours_of_a_style_are_found():
    assert colours("a { color: #ABC; border-color: #111 }\nb { background:#ffffff } /* color: #123456 */") == [
        {"#abc"},
        {"#ffffff"},
    ]


def test_every_formula_of_the_course_becomes_mathml():
    exporter = site.Exporter()
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, 4).cells:
            if cell.cell_type == "markdown" and "$" in cell.source:
                page = bs4.BeautifulSoup(exporter.markdown2html({}, cell.source), "html.parser")
                assert page.find_all("math"), cell.source
                left = [text for formula in page.find_all("math") for text in formula.strings if "\\" in text]
                assert left == [], path.name


@pytest.mark.parametrize(
    "outputs, told",
    [([], "was not run"), ([new_output("error", ename="ValueError", evalue="", traceback=[])], "failed")],
)
def test_a_notebook_that_failed_or_was_not_run_stops_the_site(executed, capsys, tmp_path, outputs, told):
    write(executed / "02_b.ipynb", [new_markdown_cell("# 02 · b"), new_code_cell("x", outputs=outputs)])
    assert main.status(["site", "--executed", str(executed), "-o", str(tmp_path / "site")]) == 2
    assert f"02_b.ipynb: {told}" in capsys.readouterr().err


def test_the_command_names_the_pages_it_wrote(executed, capsys, tmp_path):
    assert main.status(["site", "--executed", str(executed), "-o", str(tmp_path / "site")]) == 0
    written = capsys.readouterr().out.splitlines()
    assert [pathlib.Path(line).name for line in written] == ["index.html", "01_a.html", "02_b.html"]
    assert {path.name for path in (tmp_path / "site").glob("*.*")} == {
        "index.html",
        "01_a.html",
        "02_b.html",
        "style.css",
    }


def test_no_executed_notebooks_are_bad_input(capsys, tmp_path):
    assert main.status(["site", "--executed", str(tmp_path), "-o", str(tmp_path / "site")]) == 2
    assert "no notebooks there" in capsys.readouterr().err
