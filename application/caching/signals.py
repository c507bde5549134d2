"""What the engine tells the rooms above it, which it does not know."""

from blinker import Namespace

_signals = Namespace()

computing = _signals.signal("computing")
"""An outermost computation is about to begin: whoever holds an older view of the data lets go of it."""

recovering = _signals.signal("recovering")
"""Redis answers again: fire the invalidations that could not be told, then return. An exception keeps it shut out."""
