mod contracts;
mod github;
