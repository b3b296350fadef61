"""How the site is built: make site."""

import sys
from pathlib import Path

import spectransfer

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

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
    "sphinx.ext.mathjax",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "**/README.md"]
nitpicky = False
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3

# Nothing is fetched while building: the lists of other projects' names lie here.
intersphinx_mapping = {
    name: (address, str(HERE / "inventories" / f"{name}.inv"))
    for name, address in {
        "python": "https://docs.python.org/3",
        "numpy": "https://numpy.org/doc/stable",
        "sklearn": "https://scikit-learn.org/stable",
    }.items()
    if (HERE / "inventories" / f"{name}.inv").exists()
}

autosummary_generate = True
autosummary_ignore_module_all = False
autosummary_imported_members = True
templates_path = ["_templates"]
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

sphinx_gallery_conf = {
    "examples_dirs": str(HERE.parent / "examples"),
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "ignore_pattern": r"__|/paper/",
    "abort_on_example_error": True,
    "only_warn_on_example_error": False,
    "remove_config_comments": True,
    "show_memory": False,
    "download_all_examples": False,
    "nested_sections": False,
    "backreferences_dir": "_build/backreferences",
    "doc_module": ("spectransfer",),
}

html_theme = "pydata_sphinx_theme"
html_title = "spectransfer"
html_theme_options = {
    "navigation_with_keys": False,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "header_links_before_dropdown": 6,
}
html_show_sourcelink = False
