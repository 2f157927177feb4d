"""The target's part on an emulated aarch64 board: ``make test-aarch64``, see docs/aarch64.md."""
