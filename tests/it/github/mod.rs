//! GitHub Actions, from the pipeline's face down to the wire.

mod greetings;
pub(crate) mod hub;
mod protection;
pub(crate) mod shapes;
pub(crate) mod signing_in;
mod starting;
mod versions;
mod watching;
mod whole;
