//! `pilothouse check`
