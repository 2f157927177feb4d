"""SVG, and what all drawings share."""
