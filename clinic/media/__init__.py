"""Images: the originals, their renditions, alt texts and credits."""
