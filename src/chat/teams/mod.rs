//! Microsoft Teams.

mod connector;
mod pace;
mod references;
mod service_url;
mod settings;
mod token;

pub use connector::{
    CONVERSATION_GONE, Connector, MESSAGE_GONE, Member, conversation_is_gone, message_is_gone,
};
pub use pace::{Pace, Turn};
pub use references::{Reference, References};
pub use service_url::{NotAllowed, ServiceUrl};
pub use settings::{Addresses, Cloud, Credential, OwnAddresses, RoomSettings, Settings};
pub use token::Tokens;
