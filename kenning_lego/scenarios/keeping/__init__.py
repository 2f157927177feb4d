"""The verb ``results``: finding, tagging, exporting and pruning what runs left in workspaces."""
