"""``python -m kenning_lego`` is ``kenning-lego``."""

from kenning_lego.cli import main

raise SystemExit(main())
