"""Where the pages of the documentation are, for those who meet a name or an error."""

import os
import re
import warnings
from html import escape
from pathlib import Path

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def site() -> str:
    """Give the address of the documentation; nothing where it is not known.

    The variable ``SPECTRANSFER_DOCS`` of the environment names it, or a folder with the
    built site. Without it, the installed package tells its own, if it has one.

    Returns
    -------
    str
        An address without a slash at its end, or "".

    Warns
    -----
    UserWarning
        The variable names neither an address nor a folder that is there.
    """
    told = os.environ.get("SPECTRANSFER_DOCS")
    if told is None:
        told = _told_by_the_package()
    elif told and Path(told).is_dir():
        told = Path(told).resolve().as_uri()
    elif told and not _ADDRESS.match(told):
        warnings.warn(
            "SPECTRANSFER_DOCS must be the address of the documentation, or a folder "
            f"with the built site, but there is no folder {told!r}. Set it to one, or "
            "to nothing.",
            stacklevel=2,
        )
        return ""
    return told.rstrip("/")


def _told_by_the_package() -> str:
    # importlib.metadata is slow to import, and seldom asked
    from importlib.metadata import PackageNotFoundError, metadata

    try:
        addresses = metadata("spectransfer").get_all("Project-URL") or []
    except PackageNotFoundError:  # a checkout that was never installed
        return ""
    named = (address.partition(", ") for address in addresses)
    return next((to for name, _, to in named if name.lower() == "documentation"), "")


def see(page: str) -> str:
    """Give the sentence that leads to a page.

    Parameters
    ----------
    page : str
        Its name, without ending.

    Returns
    -------
    str
        With an address where the site has one, else with the file in the project.
    """
    if where := site():
        return f"See {where}/{page}.html"
    return f"See docs/{page}.md in the project."


class OnItsPage:
    """A mixin for estimators: in notebooks, they lead to their page."""

    _doc_link_module = "spectransfer"  # scikit-learn's mixin asks for these two

    @property
    def _doc_link_template(self) -> str:
        where = escape(site())  # it comes to stand in the page as it is
        page = "/generated/{estimator_module}.{estimator_name}.html"
        return where and where.replace("{", "%7B").replace("}", "%7D") + page
