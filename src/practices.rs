//! Does it hold? Signals, chains and history against practice rules, one system at a time.
