"""Pages are read back by the parser of the standard library."""

from html.parser import HTMLParser

import matplotlib
import pytest

matplotlib.use("agg")

_WITHOUT_END = {"meta", "img", "br", "hr", "input", "link"}


class PageReader(HTMLParser):
    """Reads a page, and stumbles over tags that do not match."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in _WITHOUT_END:
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        for tag in set(self.open):
            self.texts[tag][-1] += data

    def all(self, tag):
        """Attributes of all elements of one kind."""
        return [attrs for name, attrs in self.elements if name == tag]


@pytest.fixture(scope="session")
def read_page():
    """Parse a page to its end, and give what was found."""

    def read(html: str) -> PageReader:
        reader = PageReader()
        reader.feed(html)
        reader.close()
        assert reader.open == []
        return reader

    return read
