"""Estimators that learn in epochs, quickly, and can be told to fail.

In a module of its own, so that another process finds it under the same name.
"""

import os
import signal

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

from spectransfer.exceptions import DivergenceError


class Descent(RegressorMixin, BaseEstimator):
    """Linear regression by `max_epochs` steps of gradient descent."""

    def __init__(self, rate=0.1, *, penalty=0.0, max_epochs=9, random_state=None):
        self.rate = rate
        self.penalty = penalty
        self.max_epochs = max_epochs
        self.random_state = random_state

    def fit(self, X, y):
        rng = np.random.default_rng(self.random_state)
        X, y = np.asarray(X), np.asarray(y)
        self.coef_ = 0.1 * rng.standard_normal((X.shape[1], y.shape[1]))
        for _ in range(self.max_epochs):
            slope = X.T @ (X @ self.coef_ - y) / len(X) + self.penalty * self.coef_
            self.coef_ = self.coef_ - self.rate * slope
        if not np.abs(self.coef_).max() < 1e3:
            raise DivergenceError(f"The loss became inf at rate={self.rate:g}.")
        return self

    def predict(self, X):
        return np.asarray(X) @ self.coef_


class Logged(Descent):
    """Writes a line for each fit into the file $FITS; ends itself at number $LAST."""

    def fit(self, X, y):
        with open(os.environ["FITS"], "a", encoding="utf-8") as log:
            log.write(f"{self.rate} {self.penalty} {self.max_epochs}\n")
        with open(os.environ["FITS"], encoding="utf-8") as log:
            n_fits = len(log.readlines())
        if n_fits == int(os.environ.get("LAST", "0")):
            self.end()
        return super().fit(X, y)

    def end(self):
        os.kill(os.getpid(), signal.SIGKILL)


class LoggedUntilCtrlC(Logged):
    """Ends as if by hand."""

    def end(self):
        raise KeyboardInterrupt
