//! What starts what: the automation graph.
