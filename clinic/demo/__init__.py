"""The demo clinic: content/ holds its texts and pictures, load.py puts them in by the operations that staff use."""
