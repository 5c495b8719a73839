//! Every HTTP door: the chats' own, `/hooks/…`, `/healthz`, `/readyz`, `/metrics`.

use std::{
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use actix_web::{
    App as Site, Error, HttpResponse, HttpServer,
    body::MessageBody,
    dev::{ServerHandle, ServiceRequest, ServiceResponse},
    middleware::{Next, from_fn},
    web::{Data, ServiceConfig, get},
};
use metrics_exporter_prometheus::PrometheusHandle;

use crate::{
    alerts::{self, Alerts},
    chat::{Channels, Listener},
    pipelines::Pipeline,
    pushes::{self, Pushes},
    store::Db,
};

/// Threads that answer requests: one for each of the two cores a small machine has.
const WORKERS: usize = 2;

/// How long a request that has begun may take while the server shuts down. Kubernetes gives 30 s
/// in all, and the worker's jobs need some of it.
const DRAIN: u64 = 15;

/// A client that has not sent its headers by then is cut off.
const HEADERS: Duration = Duration::from_secs(5);

/// What stands behind the doors.
#[derive(Clone)]
pub struct House {
    /// Whose doors these are.
    pub channels: Arc<Channels>,
    /// Who answers.
    pub listener: Arc<dyn Listener>,
    /// Who hears what other systems bring.
    pub alerts: Arc<Alerts>,
    /// Who hears what pipelines push.
    pub pushes: Arc<Pushes>,
    /// Who hears how runs go.
    pub pipelines: Vec<Arc<dyn Pipeline>>,
    /// What must answer for the bot to be ready.
    pub db: Db,
    /// What `/metrics` shows.
    pub figures: PrometheusHandle,
    /// Set once the bot takes no more work.
    pub closing: Arc<AtomicBool>,
}

/// Opens the doors at an address that is already bound. The server runs once it is awaited, and
/// ends when its handle stops it.
///
/// # Errors
/// When the listener cannot be used.
pub fn open(
    listener: TcpListener,
    house: &House,
) -> anyhow::Result<(impl Future<Output = std::io::Result<()>> + use<>, ServerHandle)> {
    let house = house.clone();
    let site = move || {
        let house = house.clone();
        Site::new().wrap(from_fn(log)).configure(move |doors| doors_of(doors, &house))
    };
    let server = HttpServer::new(site)
        .workers(WORKERS)
        .client_request_timeout(HEADERS)
        .shutdown_timeout(DRAIN)
        .disable_signals()
        .listen(listener)?
        .run();
    let handle = server.handle();
    Ok((server, handle))
}

/// Every door, on any server.
pub fn doors_of(doors: &mut ServiceConfig, house: &House) {
    for channel in house.channels.iter() {
        Arc::clone(channel).doors(doors, house.listener.clone());
    }
    for pipeline in &house.pipelines {
        pipeline.doors(doors);
    }
    // Its doors have names of their own, so they come before the one that takes any.
    pushes::doors(doors, &house.pushes);
    alerts::doors(doors, house.alerts.clone());
    doors
        .app_data(Data::new(house.clone()))
        .route("/healthz", get().to(async || HttpResponse::Ok().body("ok")))
        .route("/readyz", get().to(ready))
        .route("/metrics", get().to(async |house: Data<House>| house.figures.render()));
}

/// Ready means: takes work, and the database answers.
async fn ready(house: Data<House>) -> HttpResponse {
    if house.closing.load(Ordering::Relaxed) {
        return HttpResponse::ServiceUnavailable().body("shutting down");
    }
    match sqlx::query("SELECT 1").execute(house.db.reader()).await {
        Ok(_) => HttpResponse::Ok().body("ready"),
        Err(error) => {
            tracing::error!("the database does not answer: {error:#}");
            HttpResponse::ServiceUnavailable().body("the database does not answer")
        }
    }
}

/// One line and one figure a request.
async fn log(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let began = std::time::Instant::now();
    let method = request.method().clone();
    let answer = next.call(request).await?;
    // Only paths that exist are named: a stranger's are neither logged nor counted one by one.
    let path = answer.request().match_pattern().unwrap_or_else(|| "other".to_owned());
    let (status, took) = (answer.status().as_u16(), began.elapsed());
    metrics::histogram!(
        "pilothouse_request_seconds", "path" => path.clone(), "status" => status.to_string()
    )
    .record(took.as_secs_f64());
    tracing::info!(%method, path, status, ms = took.as_secs_f64() * 1000.0, "request");
    Ok(answer)
}
