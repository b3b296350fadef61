"""Ways of transferring spectra, one in each file; the VAE route is the paper's."""
