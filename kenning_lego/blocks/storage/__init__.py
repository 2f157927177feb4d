"""Cut networks in files, and back without their class."""
