"""What the engine tells the rooms above it, which it does not know."""

from blinker import Namespace

_signals = Namespace()

computing = _signals.signal("computing")
"""An outermost computation is about to begin, or one is about to wait for another's: whoever holds an older view of the
data, or a connection that the other may need, lets go of it."""

recovering = _signals.signal("recovering")
"""Redis answers again: fire the invalidations that could not be told, then return. An exception keeps it shut out."""

invalidated = _signals.signal("invalidated")
"""The cache was told to forget what was made from `tags`, which have `changed` or were `withdrawn` (`kind`). What
keeps copies outside, such as a CDN, can be told now."""

ordered = _signals.signal("ordered")
"""An operator is about to have the cache forget what was made from `names`, or everything when there are none, and says
`why`; whoever keeps a log of deeds can write it down."""

cooled = _signals.signal("cooled")
"""An invalidation has forgotten pages that are asked for often: they may be made again before somebody asks."""

stored = _signals.signal("stored")
"""A page was stored, under `key`, for `timeout` seconds; its compressed forms may be improved."""
