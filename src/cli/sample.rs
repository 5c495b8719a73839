//! The demo's sample service: says which version runs, and whether it is well.

use std::path::{Path, PathBuf};

use actix_web::{
    HttpResponse,
    web::{self, ServiceConfig},
};
use serde_json::json;

use crate::names::{Environment, Version};

/// The service there is.
pub(super) const SERVICE: &str = "checkout";

/// What runs before anything was deployed.
pub(super) const FIRST: &str = "v2.0.4";

/// The commit that is, as the demo's history has it.
pub(super) const FIRST_COMMIT: &str = "a1d20b9c73";

/// Where the sample service keeps its versions.
#[derive(Clone)]
struct State(PathBuf);

/// The doors of the sample service: `GET /<environment>/healthz` says which version the file
/// `<state>/checkout/<environment>` names, and that it is well unless there is `sick` in it. The
/// file is read each time it is asked.
pub fn doors(state: PathBuf) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static {
    move |doors: &mut ServiceConfig| {
        doors
            .app_data(web::Data::new(State(state.clone())))
            .route("/{environment}/healthz", web::get().to(healthz));
    }
}

async fn healthz(state: web::Data<State>, path: web::Path<String>) -> HttpResponse {
    let Ok(environment) = path.parse::<Environment>() else {
        return HttpResponse::NotFound().json(json!({ "status": "there is no such environment" }));
    };
    let version = match version(&state.0, &environment).await {
        Ok(version) => version,
        Err(error) => {
            let status = format!("the version cannot be read: {error:#}");
            return HttpResponse::InternalServerError().json(json!({ "status": status }));
        }
    };
    let well = !version.as_str().contains("sick");
    let status = if well { "ok" } else { "failing" };
    let answer = json!({ "service": SERVICE, "version": version, "status": status });
    if well {
        HttpResponse::Ok().json(answer)
    } else {
        HttpResponse::ServiceUnavailable().json(answer)
    }
}

/// What runs there now.
async fn version(state: &Path, environment: &Environment) -> anyhow::Result<Version> {
    let file = state.join(SERVICE).join(environment.as_str());
    match tokio::fs::read_to_string(file).await {
        Ok(text) => Ok(text.trim_end().parse()?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(FIRST.parse()?),
        Err(error) => Err(error.into()),
    }
}
