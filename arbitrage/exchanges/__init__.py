"""What we ask of venues (floor 2), and one folder per venue that answers (floor 3)."""
