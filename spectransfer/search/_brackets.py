r"""How many candidates are tried, and with how many epochs.

Successive halving [1]_ trains :math:`n` candidates briefly, keeps the best
:math:`1/\eta` of them, trains these :math:`\eta` times as long, and so on. How many to
begin with is a bet: many candidates can only be told apart after very few epochs.
Hyperband [2]_, which the paper used, places several bets. With
:math:`s_{\max} = \lfloor \log_\eta (R / r) \rfloor`, the bracket :math:`s` begins with

.. math:: n_s = \left\lceil \frac{s_{\max} + 1}{s + 1} \eta^s \right\rceil, \qquad
          r_s = R \, \eta^{-s}

candidates and epochs. The halving itself is scikit-learn's.

References
----------
.. [1] K. Jamieson and A. Talwalkar, "Non-stochastic Best Arm Identification and
   Hyperparameter Optimization", AISTATS 2016.
.. [2] L. Li et al., "Hyperband: A Novel Bandit-Based Approach to Hyperparameter
   Optimization", JMLR 18, 2018.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil, floor, log
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    ParameterGrid,
    ParameterSampler,
)

Params = dict[str, Any]
LARGEST_SEED = np.iinfo(np.int32).max
AUTO_RUNGS = 4


@dataclass(frozen=True)
class Bracket:
    """One successive halving.

    Parameters
    ----------
    candidates : list of dict
        What is tried.
    resource : str or None
        The parameter that says how long to train; None for no halving at all.
    min_resources, max_resources, factor : int
        Of the first rung, of the last at most, and from one to the next.
    """

    candidates: list[Params]
    resource: str | None = None
    min_resources: int = 1
    max_resources: int = 1
    factor: int = 3

    @property
    def rungs(self) -> list[tuple[int, int | None]]:
        """Number of candidates and resource of each rung, as scikit-learn has them."""
        n_candidates, factor = len(self.candidates), self.factor
        if self.resource is None:
            return [(n_candidates, None)]
        longest = 1 + floor(log(self.max_resources // self.min_resources, factor))
        n_rungs = min(longest, 1 + floor(log(n_candidates, factor)))
        rungs: list[tuple[int, int | None]] = []
        for i in range(n_rungs):
            rungs.append((n_candidates, self.min_resources * factor**i))
            n_candidates = ceil(n_candidates / factor)
        return rungs

    def candidates_with(self, resource: int | None) -> list[Params]:
        """Give the candidates, with a resource among their parameters."""
        if self.resource is None:
            return self.candidates
        return [params | {self.resource: resource} for params in self.candidates]

    def run(
        self,
        candidate: Any,
        maps: Any,
        on_rung: Callable[[], Any],
        n_jobs: int | None,
    ) -> dict[str, Any]:
        """Let scikit-learn search, and give its table.

        Parameters
        ----------
        candidate : Candidate
            What is fitted and scored.
        maps : Maps
            The two samples.
        on_rung : callable
            Called at the start of each rung.
        n_jobs : int or None
            Fits at the same time.

        Returns
        -------
        dict of str to array or list
            `cv_results_` of scikit-learn's search, "params" by their names in the
            estimator.
        """
        options = {
            "cv": OneSplit(on_rung),
            "refit": False,
            "n_jobs": n_jobs,
            "error_score": "raise",
            "return_train_score": False,
        }
        # scikit-learn searches the candidate, whose parameters are nested ones
        nested = "estimator__"
        grid = [
            {f"{nested}{name}": [value] for name, value in params.items()}
            for params in self.candidates
        ]
        if self.resource is None:
            search: Any = GridSearchCV(candidate, grid, **options)
        else:
            search = HalvingGridSearchCV(
                candidate,
                grid,
                resource=f"{nested}{self.resource}",
                min_resources=self.min_resources,
                max_resources=self.max_resources,
                factor=self.factor,
                **options,
            )
        found = dict(search.fit(maps).cv_results_)
        found["params"] = [
            {name.removeprefix(nested): value for name, value in params.items()}
            for params in found["params"]
        ]
        return found


class OneSplit:
    """Train on the first sample, which is a map, and judge on the second."""

    shuffle = False  # scikit-learn asks whether the split is always the same

    def __init__(self, on_rung: Callable[[], Any]) -> None:
        self.on_rung = on_rung

    def split(
        self, X: Any, y: None = None, groups: None = None
    ) -> Iterator[tuple[list[int], list[int]]]:
        """Give the split; scikit-learn asks for it at the start of each rung."""
        self.on_rung()
        yield [0], [1]

    def get_n_splits(self, X: None = None, y: None = None, groups: None = None) -> int:
        """Give 1."""
        return 1


def draw(
    space: Any, n_candidates: int | None, random_state: np.random.RandomState
) -> list[Params]:
    """Draw candidates of a space without repetition; None takes the whole grid."""
    lists = space if isinstance(space, list) else [space]
    finite = not any(hasattr(v, "rvs") for part in lists for v in part.values())
    if finite and (n_candidates is None or n_candidates >= len(ParameterGrid(space))):
        return list(ParameterGrid(space))
    if n_candidates is None:
        raise ValueError(
            "A space with distributions has no end, but n_candidates is None. Pass "
            "the number of candidates to draw, such as n_candidates=27."
        )
    seed = random_state.randint(LARGEST_SEED)
    return list(ParameterSampler(space, n_candidates, random_state=seed))


def names_in(space: Any, resource: str | None) -> tuple[str, ...]:
    """List the parameters that are searched, and the resource behind them."""
    parts = space if isinstance(space, list) else [space]
    names = dict.fromkeys(name for part in parts for name in part)
    return (*names, *([] if resource is None else [resource]))


def _whole_log(value: int, base: int) -> int:
    """Largest power of the base in a number; log(243, 3) is 4.999 in floats."""
    power = 0
    while base ** (power + 1) <= value:
        power += 1
    return power


def _exhausting(
    candidates: list[Params], resource: str, n_halvings: int, limits: tuple[int, ...]
) -> Bracket:
    """Let the first rung begin so late that the last one has the most there is."""
    smallest, largest, factor = limits
    n_halvings = min(n_halvings, _whole_log(len(candidates), factor))
    first = max(smallest, largest // factor**n_halvings)
    return Bracket(candidates, resource, first, largest, factor)


def plan(
    space: Any,
    resource: str | None,
    resources: tuple[int, int, int],
    n_candidates: int | None,
    n_brackets: int | str,
    random_state: np.random.RandomState,
) -> list[Bracket]:
    """Draw the candidates of every bracket.

    Parameters
    ----------
    space : dict or list of dict
        Values by parameter.
    resource : str or None
        The parameter that says how long to train.
    resources : tuple of (min_resources, max_resources, factor)
        See `Bracket`.
    n_candidates : int or None
        Candidates of a single bracket; None for as many as its rungs halve to one.
    n_brackets : int or "all"
        How many of Hyperband's brackets to run, the widest first.
    random_state : RandomState
        Draws the candidates.

    Returns
    -------
    list of Bracket
        To be run one after the other.
    """
    if n_brackets != 1 and n_candidates is not None:
        raise ValueError(
            "The brackets of Hyperband have their own numbers of candidates, but "
            f"n_brackets is {n_brackets!r} and n_candidates {n_candidates}. Leave "
            "n_candidates out, or n_brackets at 1."
        )
    if resource is None:
        return [Bracket(draw(space, n_candidates, random_state))]
    smallest, largest, factor = resources
    widest = _whole_log(largest // smallest, factor)
    if n_candidates is not None:
        drawn = draw(space, n_candidates, random_state)
        return [_exhausting(drawn, resource, widest, resources)]
    n_run = widest + 1 if isinstance(n_brackets, str) else n_brackets
    brackets = []
    for s in range(widest, max(widest - n_run, -1), -1):
        n_drawn = ceil((widest + 1) / (s + 1) * factor**s)
        drawn = draw(space, n_drawn, random_state)
        brackets.append(_exhausting(drawn, resource, s, resources))
    return brackets


def check_resources(
    estimator: Any,
    space: Any,
    resource: str | None,
    limits: tuple[int | str, int | None, int],
) -> tuple[int, int, int]:
    """Find how long to train at least and at most.

    Parameters
    ----------
    estimator : estimator
        What is searched.
    space : dict or list of dict
        Values by parameter.
    resource : str or None
        The parameter that says how long to train.
    limits : tuple of (min_resources, max_resources, factor)
        As given: the first may be "auto", the second None.

    Returns
    -------
    tuple of (min_resources, max_resources, factor)
        Numbers.
    """
    smallest, largest, factor = limits
    if resource is None:
        return 1, 1, factor
    params = estimator.get_params(deep=True)
    parts = space if isinstance(space, list) else [space]
    if resource not in params or any(resource in part for part in parts):
        fault = "is searched itself" if resource in params else "is not one of them"
        known = [n for n in params if n.endswith(("max_epochs", "n_steps"))]
        raise ValueError(
            "resource must be a parameter of the estimator that is not searched, but "
            f"{resource!r} {fault}. How long to train is said, in this "
            f"{type(estimator).__name__}, by {', '.join(known) or 'none of them'}. "
            "Pass one of these, or resource=None to try all candidates in full."
        )
    if largest is None:
        largest = params[resource]
    if not isinstance(largest, Integral):
        raise ValueError(
            "A search must know how long to train at most, but max_resources is None "
            f"and {resource} of the estimator is {largest!r}. Pass a number, such as "
            "max_resources=54."
        )
    if isinstance(smallest, str):
        smallest = max(1, int(largest) // factor ** (AUTO_RUNGS - 1))
    if smallest > largest:
        raise ValueError(
            f"min_resources must not exceed max_resources, but it is {smallest}, and "
            f"max_resources is {largest}."
        )
    return int(smallest), int(largest), factor
