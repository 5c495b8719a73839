//! Pilothouse: a self-hosted ChatOps bot for Microsoft Teams.
//!
//! Someone types `/deploy production v2.1.0`; the bot parses it, checks who may, shows a card
//! saying exactly what would ship, waits for a second person's Approve, starts the pipeline once,
//! watches it, proves the service healthy, and remembers for ever who did what.
//!
//! # The map of the house
//!
//! Three ideas carry it. *A button says a command*: typing and clicking come in through one door,
//! [`commands`]. *The heart is a pure function*: [`deployments`] decides, writes the new state, its
//! audit and its jobs in one transaction, and only then acts. *A card is a projection*: whoever
//! changes a thing asks for its card to be drawn again.
//!
//! A room may look only at rooms listed before it; a test keeps that true.
//!
//! | room | what it is for |
//! |---|---|
//! | [`names`], [`calendar`], [`clock`], [`secrets`] | names checked once; days and zones; the time; what must not be shown |
//! | [`telemetry`], [`store`] | logs and metrics; the database |
//! | [`outside`], [`outbound`], [`greeting`] | what others wrote, as it is taken; the one way out; how they are |
//! | [`markdown`], [`cards`] | texts that stay texts; views become the JSON a chat can draw |
//! | [`access`], [`jobs`], [`audit`] | who may; what must survive a restart; who did |
//! | [`vendors`], [`hooks`], [`pipelines`], [`health`] | clients; how others tell us; who does the work; how we know it worked |
//! | [`chat`] | where people and the bot meet: Teams, the terminal |
//! | [`oncall`], [`runbooks`] | who is awake, and how they are reached; what to do |
//! | [`telling`] | who else hears of deployments |
//! | [`deployments`] | the heart |
//! | [`alerts`], [`pushes`] | what the world tells us; what pipelines push, so that the bot looks sooner |
//! | [`incidents`] | when it is serious |
//! | [`commands`] | what people can say |
//! | [`web`], [`config`], [`app`], [`cli`] | the doors; the one file; the wiring; the command line |
pub mod access;
pub mod alerts;
pub mod app;
pub mod audit;
pub mod calendar;
pub mod cards;
pub mod chat;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod deployments;
pub mod greeting;
pub mod health;
pub mod hooks;
pub mod incidents;
pub mod jobs;
pub mod markdown;
pub mod names;
pub mod oncall;
pub mod outbound;
pub mod outside;
pub mod pipelines;
pub mod pushes;
pub mod runbooks;
pub mod secrets;
pub mod store;
pub mod telemetry;
pub mod telling;
pub mod vendors;
pub mod web;
