//! Others hear of deployments, and no deployment ever waits for them.

mod github;
mod post;
mod stories;
mod subscribers;
