"""The formats of pictures: what a file is and may be (`reading`), and how a result is written (`writing`)."""
