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
# noise comes in by every secondary channel: from 310 of them on, the penalty grows
L2_OF_EACH_CHANNEL = 1e-3
PRIMARY_KERNELS = ("encoder*hidden*.weight", "decoder*hidden*.weight")
SECONDARY_KERNELS = "*hidden*.weight"
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

    def penalties(self, n_spectra: int, n_inputs: int) -> list[tuple[str, float]]:
        """Strengths of the L2 penalty, for patterns of names; the first match counts.

        Parameters
        ----------
        n_spectra : int
            Spectra that the loss is a mean over.
        n_inputs : int
            Channels that enter the network.

        Returns
        -------
        list of (str, float)
            Of the kernels between primary spectra and latents, and of all others.
        """
        if not isinstance(self.l2, str):
            return [(SECONDARY_KERNELS, self.l2)]
        primary = L2_OF_ALL_SPECTRA / n_spectra
        secondary = max(L2_OF_ALL_SPECTRA, L2_OF_EACH_CHANNEL * n_inputs) / n_spectra
        return [
            *((pattern, primary) for pattern in PRIMARY_KERNELS),
            (SECONDARY_KERNELS, secondary),
        ]

    def patient_epochs(self, n_epochs: int) -> int | None:
        """Epochs without improvement before stopping; None for never."""
        if isinstance(self.patience, str):
            return max(MIN_PATIENCE, math.ceil(PATIENT_PART * n_epochs))
        return self.patience
