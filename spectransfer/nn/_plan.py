"""How one network is trained on so many spectra, in numbers.

Estimators say how a training is to be (`spectransfer.networks.Training`); what that
comes to for the spectra at hand is a `Plan`.
"""

from dataclasses import dataclass

import torch
from torch import nn

ADAM_EPS = 1e-7  # of Keras
L2_OF_ALL_SPECTRA = 1e-6 * 313_600  # the paper's penalty, times its training set
# noise comes in by every secondary channel: from 310 of them on, the penalty grows
L2_OF_EACH_CHANNEL = 1e-3
PRIMARY_KERNELS = ("encoder*hidden*.weight", "decoder*hidden*.weight")
SECONDARY_KERNELS = "*hidden*.weight"


@dataclass(frozen=True)
class Plan:
    """How a network is trained.

    Parameters
    ----------
    name : str
        What the progress bar and the messages call the network.
    n_epochs : int
        Passes over the spectra.
    batch_size : int
        Spectra in a step.
    learning_rate : float
        Step size of Adam.
    device : torch.device
        Where to train.
    decays : bool, default=True
        Whether the step size falls along half a cosine to zero at the end.
    l2 : float or "auto", default="auto"
        Strength of the L2 penalty on the kernels of the hidden layers.
    patience : int or None, default=None
        Epochs without a better validation loss before the training stops.
    min_delta : float, default=0.0
        Smallest decrease of the validation loss that counts as better.
    max_gradient_norm : float or None, default=None
        Longest gradient of a step.
    precision : {"float32", "tf32", "bfloat16"}, default="float32"
        What matrix products are computed in.
    verbose : bool, default=False
        Whether to show a progress bar.
    """

    name: str
    n_epochs: int
    batch_size: int
    learning_rate: float
    device: torch.device
    decays: bool = True
    l2: float | str = "auto"
    patience: int | None = None
    min_delta: float = 0.0
    max_gradient_norm: float | None = None
    precision: str = "float32"
    verbose: bool = False

    def batches(self, n_spectra: int) -> int:
        """Batches in an epoch, the last and smaller one included."""
        return -(-n_spectra // self.batch_size)

    def penalties(self, n_spectra: int, module: nn.Module) -> list[tuple[str, float]]:
        """Strengths of the L2 penalty, for patterns of names; the first match counts.

        Parameters
        ----------
        n_spectra : int
            Spectra that the loss is a mean over.
        module : Module
            The network; as many channels enter it as its first layer has inputs.

        Returns
        -------
        list of (str, float)
            Of the kernels between primary spectra and latents, and of all others.
        """
        if not isinstance(self.l2, str):
            return [(SECONDARY_KERNELS, self.l2)]
        primary = L2_OF_ALL_SPECTRA / n_spectra
        n_inputs = next((w.shape[1] for w in module.parameters() if w.ndim == 2), 1)
        secondary = max(L2_OF_ALL_SPECTRA, L2_OF_EACH_CHANNEL * n_inputs) / n_spectra
        return [
            *((pattern, primary) for pattern in PRIMARY_KERNELS),
            (SECONDARY_KERNELS, secondary),
        ]
