//! Facts that matter: facts against signal rules.
