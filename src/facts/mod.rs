//! What each file states: the extractor table and the one parallel loop.
