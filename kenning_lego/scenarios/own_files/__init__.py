"""What the verb ``test`` does with a network in a file: ship it and measure it as it is."""
