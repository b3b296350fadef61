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
suppress_warnings = ["config.cache"]
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
    "reset_argv": lambda conf, script: [],
    "doc_module": ("spectransfer",),
    "backreferences_dir": "generated/backreferences",
}

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = "spectransfer"
html_theme_options = {"secondary_sidebar_items": ["page-toc"]}
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


def setup(app: Sphinx) -> None:
    """Let pages have their formulas without a network."""
    app.add_html_math_renderer("mathml", (formula, None), (formula, None))
