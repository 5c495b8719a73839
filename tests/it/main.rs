//! Every test in one program. `world/` is the language they are told in.
#![expect(unreachable_pub, reason = "one program: its modules are read by nobody else")]

mod config;
mod deploy;
mod house;
mod package;
mod restart;
mod speech;
mod teams;
mod world;
