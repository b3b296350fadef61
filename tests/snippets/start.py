"""Files as a laboratory has them: Raman, the axis running down, decimal commas."""

import numpy as np
import openpyxl

from spectransfer.datasets import make_instrument_pair


def with_comma(value):
    return f"{value:.4f}".replace(".", ",")


def table_of(spectra, first=0):
    shifts = np.linspace(200, 2000, spectra.shape[1])[::-1]
    head = ["Probe", *map(with_comma, shifts)]
    rows = [
        [f"p{i:02d}", *map(with_comma, row[::-1])]
        for i, row in enumerate(spectra, first)
    ]
    return [head, *rows]


def write(name, table):
    with open(name, "w") as file:
        file.writelines(";".join(row) + "\n" for row in table)


measured = make_instrument_pair(n_spectra=60, shots_per_sample=1, random_state=1)
write("handheld.csv", table_of(measured.X_secondary[:40]))
write("new.csv", table_of(measured.X_secondary[40:], 40))
book = openpyxl.Workbook()
for row in table_of(measured.X_primary[:40]):
    book.active.append(row)
book.save("bench.xlsx")
