//! `pilothouse package`
