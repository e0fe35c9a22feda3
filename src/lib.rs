//! Elava: git log for infrastructure.
