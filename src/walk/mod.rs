//! Which files there are, in order, and the one door where bytes come in.
