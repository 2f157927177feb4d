"""Networks that are compiled and measured in one piece: what baseline and optimize share."""
