//! PagerDuty: the client against PagerDuty's own description.

mod client;
pub(crate) mod duty;
mod greeting;
