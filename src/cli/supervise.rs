//! `pilothouse supervise`
