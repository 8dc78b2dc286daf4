"""The demo clinic: content/ holds its texts and pictures, and load.py adds them through the operations that staff
use."""
