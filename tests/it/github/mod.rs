//! GitHub Actions, from the pipeline's face down to the wire.

mod greetings;
mod hub;
mod shapes;
mod signing_in;
mod starting;
mod versions;
mod watching;
