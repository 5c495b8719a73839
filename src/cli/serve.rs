//! `pilothouse serve`
