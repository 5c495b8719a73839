//! The command line: one file per subcommand.

pub mod audit;
pub mod check;
pub mod demo;
pub mod doctor;
pub mod incident;
mod monitor;
pub mod package;
mod running;
pub mod sample;
pub mod serve;
pub mod supervise;
