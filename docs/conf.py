"""How the site is built: make site. Warnings are errors."""

import re
import zlib
from pathlib import Path

from docutils import nodes
from docutils.utils.math.latex2mathml import MathError, tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

import spectransfer

HERE = Path(__file__).resolve().parent

project = "spectransfer"
author = "The spectransfer developers"
project_copyright = "the spectransfer developers, BSD-3-Clause"
version = release = spectransfer.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build"]
templates_path = ["_templates"]
# a checkout may lie in a folder with blanks in its name
suppress_warnings = ["config.cache", "sphinx_gallery.space_in_filename"]
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3

autosummary_ignore_module_all = False
autosummary_imported_members = True
autodoc_typehints = "none"
numpydoc_show_class_members = False


def packed_inventory(listed: Path) -> tuple[str, str]:
    """Give the address of a site, and its names as Sphinx wants to read them.

    Nothing can be fetched while building, so the few names of other projects that our
    docstrings point to are kept here as text: the address, then one line for each name.
    """
    address, names = listed.read_text(encoding="utf-8").split("\n", 1)
    packed = HERE / "_build" / "inventories" / f"{listed.stem}.inv"
    packed.parent.mkdir(parents=True, exist_ok=True)
    head = f"# Sphinx inventory version 2\n# Project: {listed.stem}\n# Version: 0\n"
    head += "# The remainder of this file is compressed using zlib.\n"
    packed.write_bytes(head.encode() + zlib.compress(names.encode()))
    return address, str(packed)


intersphinx_mapping = {
    listed.stem: packed_inventory(listed)
    for listed in sorted((HERE / "_inventories").glob("*.txt"))
}

sphinx_gallery_conf = {
    "examples_dirs": str(HERE.parent / "examples"),
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "nested_sections": False,
    "abort_on_example_error": True,
    "show_memory": False,
    "write_computation_times": False,  # its page would fetch scripts from a network
    "download_all_examples": False,
    "plot_gallery": "True",
    "parallel": 2,
    "reset_argv": lambda conf, script: [],
    "doc_module": ("spectransfer",),
    "backreferences_dir": "generated/backreferences",
}

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = "spectransfer"
html_theme_options = {"secondary_sidebar_items": ["page-toc"]}
# pages of the first row have no others beside them
html_sidebars = {
    page: [] for page in ("index", "start", "how_to_choose", "coming_from")
}
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False


def formula(self: HTML5Translator, node: nodes.math | nodes.math_block) -> None:
    """Write a formula as MathML, which browsers draw without any script."""
    block = isinstance(node, nodes.math_block)
    # an accent belongs to its letter; docutils would give it to letter and index
    known = re.sub(r"\\(hat|bar) ?([A-Za-z])", r"{\\\1 \2{}}", node.astext())
    try:
        written = tex2mathml(known, as_block=block)
    except MathError as error:
        logging.getLogger(__name__).warning("%s", error, location=node)
        written = self.encode(node.astext())
    name = "math notranslate nohighlight"
    self.body.append(self.starttag(node, "div" if block else "span", "", CLASS=name))
    self.body.append(f"{written}</div>\n" if block else f"{written}</span>")
    raise nodes.SkipNode


CALL = re.compile(r"(?:spectransfer\.)?(?:[a-z_]+\.)*(\w+)(?:\.\w+)?(?:\(.*\))?", re.S)


def link_names(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Let public names that stand as code on a page lead to their entries."""
    if page.startswith(("generated/", "reference")):
        return
    entries = {
        full.rpartition(".")[2]: entry
        for full, entry in app.env.get_domain("py").objects.items()
        if entry.objtype in ("class", "exception", "function")
    }
    for literal in list(doctree.findall(nodes.literal)):
        called = CALL.fullmatch(literal.astext())
        entry = called and entries.get(called[1])
        inside = literal.parent
        cell = inside.parent
        foreign = page == "coming_from" and isinstance(cell, nodes.entry)
        if not entry or isinstance(inside, nodes.reference | nodes.title):
            continue
        if foreign and cell.parent.index(cell) == 0:  # what others call theirs
            continue
        address = app.builder.get_relative_uri(page, entry.docname)
        link = nodes.reference(
            "", "", refuri=f"{address}#{entry.node_id}", internal=True
        )
        inside.replace(literal, link)
        link += literal


def setup(app: Sphinx) -> None:
    """Let pages have their formulas without a network, and their names with links."""
    app.add_html_math_renderer("mathml", (formula, None), (formula, None))
    app.connect("doctree-resolved", link_names)
