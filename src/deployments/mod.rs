//! The heart: a plan becomes a deployment, people approve it, a pipeline runs, health decides.

mod settings;

pub use settings::{
    EnvironmentSettings, RollbackSettings, ServiceSettings, Settings, VerifySettings,
};
