//! The demo's program and its sample service, together.

use serde_json::json;

#[tokio::test]
async fn the_sample_service_says_what_the_demos_program_has_deployed() {
    use actix_web::{App, http::StatusCode, test};
    let state = tempfile::tempdir().unwrap();
    let doors = pilothouse::cli::sample::doors(state.path().to_owned());
    let service = test::init_service(App::new().configure(&doors)).await;
    let ask = async |environment: &str| {
        let uri = format!("/{environment}/healthz");
        let answer =
            test::call_service(&service, test::TestRequest::with_uri(&uri).to_request()).await;
        let status = answer.status();
        (status, String::from_utf8(test::read_body(answer).await.to_vec()).unwrap())
    };
    let deploy = async |version: &str| {
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/demo/deploy.sh");
        let mut program = tokio::process::Command::new(program);
        program.env("PILOTHOUSE_SERVICE", "checkout").env("PILOTHOUSE_ENVIRONMENT", "staging");
        program.env("PILOTHOUSE_VERSION", version).env("DEMO_STATE", state.path());
        let output = program.output().await.unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let well = |version: &str| {
        json!({ "service": "checkout", "version": version, "status": "ok" }).to_string()
    };
    assert_eq!(ask("staging").await, (StatusCode::OK, well("v2.0.4")));
    let (done, output) = deploy("v2.1.0").await;
    assert!(done && output.contains("::step 5/5 "), "{output}");
    assert_eq!(ask("staging").await, (StatusCode::OK, well("v2.1.0")));
    assert_eq!(ask("production").await.1, well("v2.0.4"));
    let (done, output) = deploy("v2.2.0-broken").await;
    assert!(!done && !output.contains("::step 4/5 "), "{output}");
    assert_eq!(ask("staging").await.1, well("v2.1.0"), "what failed changed nothing");
    assert!(deploy("v2.4.0-sick").await.0);
    let (status, body) = ask("staging").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body.contains("\"failing\""), "{body}");
    assert_eq!(ask("..%2fstaging").await.0, StatusCode::NOT_FOUND);
}
