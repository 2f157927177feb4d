"""What verbs and components are, for people, editors and new scenario files."""
