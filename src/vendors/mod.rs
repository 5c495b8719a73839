//! Clients of systems that more than one room talks to: authentication and calls, no policy.

pub mod argo_cd;
pub mod credential;
pub mod entra;
pub mod github;
pub mod graph;
pub mod openid;
pub mod pagerduty;
pub mod prometheus;
mod quiet;
pub mod server;
pub mod signature;
mod unwell;
