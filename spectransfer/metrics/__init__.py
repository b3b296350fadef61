"""How far a transferred spectrum is from the measured one."""
