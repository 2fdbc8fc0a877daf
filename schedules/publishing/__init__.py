"""Reports out of the book into out/: made, never overwritten, raised by events."""
