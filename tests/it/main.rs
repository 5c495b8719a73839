//! Every test in one program. `world/` is the language they are told in.
#![expect(unreachable_pub, reason = "one program: its modules are read by nobody else")]

mod config;
mod deploy;
mod freezes;
mod house;
mod locks;
mod package;
mod restart;
mod rollback;
mod speech;
mod status;
mod world;
