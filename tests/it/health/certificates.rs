//! A server whose certificate is of an authority of its own.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use pilothouse::health::Answer;
use serde_json::json;

use super::site::{Site, Stage, with};

/// How long anything may take; a server that takes longer is taken to hang.
const PATIENCE: Duration = Duration::from_secs(20);

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An authority and a certificate of it for this machine; no when there is no OpenSSL.
fn certificates(folder: &Path, name: &str) -> bool {
    let run = |arguments: &str| {
        let mut command = Command::new("openssl");
        command.args(arguments.split(' ')).current_dir(folder);
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
    };
    let named = folder.join(format!("{name}.ext"));
    std::fs::write(named, "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n").unwrap();
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    let authority = format!(
        "req -x509 {key} -keyout {name}-ca.key -out {name}-ca.pem -days 2 -subj /CN={name}-ca \
         -addext basicConstraints=critical,CA:TRUE"
    );
    run(&authority)
        && run(&format!("req {key} -keyout {name}.key -out {name}.csr -subj /CN={name}"))
        && run(&format!(
            "x509 -req -in {name}.csr -CA {name}-ca.pem -CAkey {name}-ca.key -CAcreateserial \
             -out {name}.pem -days 2 -extfile {name}.ext"
        ))
}

/// A server that answers with the files below its folder.
fn serve(folder: &Path, name: &str) -> (Server, u16) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let arguments =
        format!("s_server -accept 127.0.0.1:{port} -cert {name}.pem -key {name}.key -HTTP -quiet");
    let mut command = Command::new("openssl");
    command.args(arguments.split(' ')).current_dir(folder);
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    (Server(child.spawn().unwrap()), port)
}

#[tokio::test]
async fn an_authority_of_its_own_is_trusted_where_it_is_named_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    if !certificates(folder, "cluster") || !certificates(folder, "stranger") {
        let note = "note: there is no openssl, so no certificate is tried\n";
        _ = std::io::Write::write_all(&mut std::io::stderr(), note.as_bytes());
        return;
    }
    let site = super::kubernetes::Deployment;
    let file = folder.join(site.path().trim_start_matches('/'));
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let body = site.well().to_string();
    let head = format!("HTTP/1.0 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    std::fs::write(file, head + &body).unwrap();
    let (_server, port) = serve(folder, "cluster");
    let stage = Stage::of(&site).await;
    let url = format!("https://127.0.0.1:{port}");
    let asked = async |authorities: Option<&str>| -> Answer {
        let file = authorities.map(|name| folder.join(name));
        let other = json!({ "url": url, "authorities": file });
        stage.open(with(site.settings(&stage), &other)).unwrap().check(None).await
    };
    let began = Instant::now();
    loop {
        let answer = asked(Some("cluster-ca.pem")).await;
        if answer.healthy {
            break;
        }
        assert!(began.elapsed() < PATIENCE, "{answer:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for other in [None, Some("stranger-ca.pem")] {
        let answer = asked(other).await;
        assert!(!answer.healthy && answer.detail.contains("could not be reached"), "{answer:?}");
        assert!(answer.detail.to_lowercase().contains("certificate"), "{answer:?}");
    }
}
