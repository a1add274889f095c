//! Which level? Verdicts against maturity models.
