"""How a network is trained: what the estimators' parameters come to.

Trainings need steps, not epochs, and a penalty whose strength does not depend on how
many spectra there are; what is "auto" is worked out here.
"""

import math
from dataclasses import dataclass

import torch

from spectransfer.nn._processes import Processes

MIN_EPOCHS = 20
L2_OF_ALL_SPECTRA = 1e-6 * 313_600  # the paper's penalty, times its training set
PATIENT_PART = 0.1
MIN_PATIENCE = 5


@dataclass(frozen=True)
class Training:
    """How a network is trained; the parameters that all estimators share.

    Parameters
    ----------
    name : str
        What the progress bar and the messages call the network.
    learning_rate, batch_size, max_epochs, n_steps, patience, min_delta : float
        See the estimators.
    l2, learning_rate_decay : float and str
        See the estimators.
    max_gradient_norm : float or None
        Longest gradient of a step.
    device : torch.device
        Where to train.
    verbose : bool
        Whether to show a progress bar.
    precision : {"float32", "tf32", "bfloat16"}
        What matrix products are computed in.
    compile : bool
        Whether to let torch compile the step.
    processes : Processes or None
        The processes that share the training, where there are several.
    """

    name: str
    learning_rate: float
    batch_size: int
    max_epochs: int | str
    n_steps: int
    patience: int | str | None
    min_delta: float
    l2: float | str
    learning_rate_decay: str | None
    max_gradient_norm: float | None
    device: torch.device
    verbose: bool
    precision: str = "float32"
    compile: bool = False
    processes: Processes | None = None

    def epochs(self, n_spectra: int) -> int:
        """Epochs in which `n_spectra` give the wanted number of steps."""
        if not isinstance(self.max_epochs, str):
            return int(self.max_epochs)
        return max(MIN_EPOCHS, -(-self.n_steps // self.batches(n_spectra)))

    def batches(self, n_spectra: int) -> int:
        """Batches in an epoch, the last and smaller one included."""
        return -(-n_spectra // self.batch_size)

    def penalty(self, n_spectra: int) -> float:
        """Strength of the L2 penalty for a mean loss over `n_spectra`."""
        if isinstance(self.l2, str):
            return L2_OF_ALL_SPECTRA / n_spectra
        return self.l2

    def patient_epochs(self, n_epochs: int) -> int | None:
        """Epochs without improvement before stopping; None for never."""
        if isinstance(self.patience, str):
            return max(MIN_PATIENCE, math.ceil(PATIENT_PART * n_epochs))
        return self.patience
