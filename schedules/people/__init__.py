"""What people say to a desk: approve, override, promote, reconcile, kill, lift, drill."""
