//! Rules as data: loading and checking the YAML of signals, practices and maturity models.

pub(crate) mod model;
