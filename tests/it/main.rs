//! The whole bot, and its parts.

mod teams_connector;
mod teams_conversations;
mod teams_entra;
