//! The whole bot, and its parts.

mod teams_entra;
