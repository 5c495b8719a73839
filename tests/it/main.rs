//! The house, tried from outside.

mod command_pipeline;
mod http_probe;
