"""What the verbs of the online stage share: a tested network, and what is predicted of it."""
