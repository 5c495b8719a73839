//! GitHub: authentication and calls.
