//! Every test in one program. `world/` is the language they are told in.
#![expect(unreachable_pub, reason = "one program: its modules are read by nobody else")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod alerts;
mod audit;
mod cards;
mod code;
mod command_pipeline;
mod config;
mod console;
mod contracts;
mod demo;
mod deploy;
mod doctor;
mod freezes;
mod gates;
mod github;
mod guard;
mod health;
mod hooks;
mod house;
mod incidents;
mod locks;
mod oncall;
mod package;
mod pagerduty;
mod pipelines;
mod replicas;
mod restart;
mod rollback;
mod runbooks;
mod speech;
mod status;
mod teams;
mod teams_connector;
mod teams_conversations;
mod teams_demo;
mod teams_entra;
mod telling;
mod world;
