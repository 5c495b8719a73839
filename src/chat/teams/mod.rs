//! Microsoft Teams.

mod service_url;
mod settings;

pub use service_url::{NotAllowed, ServiceUrl};
pub use settings::{Addresses, Cloud, Credential, OwnAddresses, RoomSettings, Settings};
