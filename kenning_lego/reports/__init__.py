"""From records to pages; the only room that draws."""
