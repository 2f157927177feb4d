"""What the board's sensors told while something ran."""
