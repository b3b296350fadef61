"""Read the built site as a browser without a network would.

    python .ci/check_site.py docs/_build/html

No page may load anything from elsewhere, each link within the site leads to a page and
a place that exist and does not leave the site, no place has its name twice, and no
formula is left as it was typed.
"""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

ELSEWHERE = re.compile(r"([a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
# what leads to no file: a page may be called a:b.html
NO_FILE = re.compile(r"(mailto|tel|data|javascript|doi|urn):", re.IGNORECASE)
# what a browser fetches by itself; a link that a reader may click is none of these
FETCHED = {
    "script", "link", "img", "iframe", "source", "embed", "object", "video", "audio",
    "track", "input", "image", "use", "feimage",
}  # fmt: skip
POINTING = {"canonical", "author", "license"}
ADDRESSES = ("href", "xlink:href", "src", "data", "poster")
STYLE = re.compile(
    r"""(?:@import|url\()\s*(?:url\()?["']?((?:https?:)?//[^"')\s;]+)""", re.IGNORECASE
)


class Page(HTMLParser):
    """What a page loads, where it leads, and which places it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.places: set[str] = set()
        self.formulas: list[str] = []
        self.inside: list[str] = []
        self.styling = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag asks for."""
        of = {name: value or "" for name, value in attrs}
        self.places.update(of[name] for name in ("id", "name") if name in of)
        self.ids += [of["id"]] if "id" in of else []
        loads = tag in FETCHED and of.get("rel") not in POINTING
        found = [of[name].strip() for name in ADDRESSES if of.get(name)]
        (self.loads if loads else self.links).extend(found)
        for name in ("srcset", "imagesrcset"):
            several = of.get(name, "").split(",")
            self.loads += [one.split()[0] for one in several if one.split()]
        self.loads += STYLE.findall(of.get("style", ""))
        self.styling = tag == "style"
        if tag in ("div", "span"):
            self.inside.append("math" if "math" in of.get("class", "").split() else tag)

    def handle_endtag(self, tag: str) -> None:
        """Leave what was entered."""
        self.styling = False
        if tag in ("div", "span") and self.inside:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        """Note what a style loads, and formulas that are still text."""
        if self.styling:
            self.loads += STYLE.findall(data)
        if "math" in self.inside and "\\" in data:
            self.formulas.append(data.strip())


def faults_of(root: Path) -> tuple[int, list[str]]:
    """Give how many links were followed, and what is wrong."""
    root = root.resolve()
    pages = {
        path.resolve(): Page(path.read_text(encoding="utf-8"))
        for path in sorted(root.rglob("*.html"))
        if "_static" not in path.parts
    }
    faults, followed = [], 0
    for path, page in pages.items():
        name = path.relative_to(root).as_posix()
        for formula in page.formulas:
            faults.append(f"{name}: a formula is left as text: {formula[:60]}")
        for twice in {one for one in page.ids if page.ids.count(one) > 1}:
            faults.append(f"{name}: the place #{twice} is there twice")
        for address in page.loads:
            if ELSEWHERE.match(address):
                faults.append(f"{name} loads {address}")
        for address in [*page.loads, *page.links]:
            if NO_FILE.match(address) or ELSEWHERE.match(address):
                continue
            followed += 1
            if fault := fault_of_link(address, path, root, pages):
                faults.append(f"{name}: {address} {fault}")
    for sheet in root.rglob("*.css"):
        for address in STYLE.findall(sheet.read_text(encoding="utf-8")):
            faults.append(f"{sheet.name} loads {address}")
    if not pages:
        faults.append(f"There is no page in {root}: build the site first, make site.")
    return followed, sorted(set(faults))


def fault_of_link(address: str, path: Path, root: Path, pages: dict[Path, Page]) -> str:
    """Say what is wrong with a link within the site; "" where nothing is."""
    file, place = urldefrag(address)
    file = unquote(file.partition("?")[0])
    target = (path.parent / file).resolve() if file else path
    if file.startswith("/") or root not in target.parents:
        return "leaves the site"
    if not target.is_file():
        return "leads to no file"
    if place and target in pages and unquote(place) not in pages[target].places:
        return "leads to no place"
    return ""


def main() -> None:
    """Check one site."""
    if len(sys.argv) != 2:
        sys.exit("usage: python .ci/check_site.py FOLDER, such as docs/_build/html")
    root = Path(sys.argv[1])
    followed, faults = faults_of(root)
    if faults:
        sys.exit("\n".join(faults))
    print(
        f"{root}: {followed} links lead somewhere, and nothing is loaded from elsewhere"
    )


if __name__ == "__main__":
    main()
