"""Every write, one function a deed, a module a noun; the only place that commits."""
