"""Templates: what fills them in."""

import jinja2
import pytest

from srlib.course.publishing import templating


def test_a_value_goes_into_its_place_as_it_is():
    text = templating.render("setup_cell.txt", address="https://example.org/<a>")
    assert '"srlib @ git+https://example.org/<a>"\n' in text


def test_a_missing_value_is_an_error():
    with pytest.raises(jinja2.UndefinedError, match="address"):
        templating.render("setup_cell.txt")


def test_in_pages_text_is_escaped():
    page = templating.render("site_page.html", title="a < 'b'", links=[], content="<p>x</p>")
    assert "<title>a &lt; &#x27;b&#x27;</title>" in page
    assert '<main id="content">\n<p>x</p>\n</main>' in page
