//! The result as plain, versioned data. The only serialisable type.
