"""The site's pages in a headless Chromium, by axe-core's rules for WCAG 2.1 at level AA, in light and in dark."""

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="needs the extra browser: pip install -e '.[browser]'")
pytest.importorskip("latex2mathml", reason="formulas of the site: pip install -e '.[site]'")

from srlib.course.publishing import site  # noqa: E402

pytestmark = pytest.mark.browser
POOR = """<!doctype html><html lang="en"><title>Poor</title><body style="background: #fff">
<p style="color: #999">Pale words.</p><img src="dot.png"></body></html>"""


@pytest.fixture(scope="module", params=["light", "dark"])
def page(request, chromium):
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield browser.new_page(viewport={"width": 1100, "height": 900}, color_scheme=request.param)
        browser.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory, repository):
    """The pages of the executed notebooks that the repository keeps."""
    return site.build(repository / "results" / "executed", tmp_path_factory.mktemp("site"), root=repository)


def test_every_page_of_the_course_keeps_the_rules(page, pages, broken_rules):
    assert len(pages) == 14  # thirteen notebooks and the list of them
    broken = {}
    for path in pages:
        page.goto(path.as_uri())
        broken[path.stem] = broken_rules(page)
    assert {name: rules for name, rules in broken.items() if rules} == {}


def test_pale_words_and_a_picture_without_words_are_found(page, tmp_path, broken_rules):
    path = tmp_path / "poor.html"
    path.write_text(POOR)
    page.goto(path.as_uri())
    assert set(broken_rules(page)) == {"color-contrast", "image-alt"}
