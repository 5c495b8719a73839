//! `pilothouse demo`
