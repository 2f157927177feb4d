"""Settings of a machine for a measurement, and putting every one of them back."""
