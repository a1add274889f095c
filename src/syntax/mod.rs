//! Reading a format and keeping the line numbers; knows nothing of MLOps.
