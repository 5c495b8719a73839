mod config;
mod package;
