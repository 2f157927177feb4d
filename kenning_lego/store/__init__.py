"""Files: the content-addressed artifact store and the workspace."""
