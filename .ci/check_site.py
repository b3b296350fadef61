"""Read the built site as a browser without a network would.

    python .ci/check_site.py docs/_build/html

No page may load anything from elsewhere, each link within the site leads to a page and
a place that exist, and no formula is left as it was typed.
"""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

ELSEWHERE = re.compile(r"(https?:)?//", re.IGNORECASE)
# what a browser fetches by itself; a link that a reader may click is none of these
FETCHED = {"script", "link", "img", "iframe", "source", "embed", "object", "video"}
POINTING = {"canonical", "author", "license"}
STYLE = re.compile(r"""(?:@import|url\()\s*["']?((?:https?:)?//[^"')\s]+)""")


class Page(HTMLParser):
    """What a page loads, where it leads, and which places it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.places: set[str] = set()
        self.formulas: list[str] = []
        self.inside: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag asks for."""
        of = {name: value or "" for name, value in attrs}
        self.places.update(of[name] for name in ("id", "name") if name in of)
        to = of.get("href") or of.get("src") or of.get("data") or ""
        loads = tag in FETCHED and of.get("rel") not in POINTING
        if to:
            (self.loads if loads else self.links).append(to)
        if tag in ("div", "span"):
            self.inside.append("math" if "math" in of.get("class", "").split() else tag)

    def handle_endtag(self, tag: str) -> None:
        """Leave what was entered."""
        if tag in ("div", "span") and self.inside:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        """Note formulas that are still text."""
        if "math" in self.inside and "\\" in data:
            self.formulas.append(data.strip())


def faults_of(root: Path) -> tuple[int, list[str]]:
    """Give how many links were followed, and what is wrong."""
    pages = {
        path.resolve(): Page(path.read_text(encoding="utf-8"))
        for path in sorted(root.rglob("*.html"))
        if "_static" not in path.parts
    }
    faults, followed = [], 0
    for path, page in pages.items():
        name = path.relative_to(root.resolve()).as_posix()
        for formula in page.formulas:
            faults.append(f"{name}: a formula is left as text: {formula[:60]}")
        for address in page.loads:
            if ELSEWHERE.match(address):
                faults.append(f"{name} loads {address}")
        for address in [*page.loads, *page.links]:
            if ":" in address.split("/")[0] or ELSEWHERE.match(address):
                continue
            followed += 1
            file, place = urldefrag(address)
            file = unquote(file.partition("?")[0])
            target = (path.parent / file).resolve() if file else path
            if not target.is_file():
                faults.append(f"{name}: {address} leads to no file")
            elif (
                place and target in pages and unquote(place) not in pages[target].places
            ):
                faults.append(f"{name}: {address} leads to no place")
    for sheet in root.rglob("*.css"):
        for address in STYLE.findall(sheet.read_text(encoding="utf-8")):
            faults.append(f"{sheet.name} loads {address}")
    if not pages:
        faults.append(f"There is no page in {root}: build the site first, make site.")
    return followed, sorted(set(faults))


def main() -> None:
    """Check one site."""
    root = Path(sys.argv[1])
    followed, faults = faults_of(root)
    if faults:
        sys.exit("\n".join(faults))
    print(
        f"{root}: {followed} links lead somewhere, and nothing is loaded from elsewhere"
    )


if __name__ == "__main__":
    main()
