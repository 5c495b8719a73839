//! Too much, too slow, too many: the sender is told to come back, and never to give up.

use std::time::Duration;

use actix_web::{App as Site, HttpServer};
use futures_util::future::join_all;
use pilothouse::pushes;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{Delivery, SECRET, Town, digest, remembered, run_says};

#[tokio::test]
async fn a_delivery_that_is_too_large_is_for_later() {
    let town = Town::start().await;
    let body = format!("\"{}\"", "x".repeat(1024 * 1024));
    let signature = format!("sha256={}", digest(SECRET, body.as_bytes()));
    let huge = Delivery::of(body).with("X-Hub-Signature-256", signature);
    let (status, told) = town.knocks("github", &huge).await;
    assert_eq!(status, 503, "a 413 would be taken for an end of it");
    assert!(told.contains("1 MiB"), "{told}");
    let unsigned = Delivery { headers: [].into(), ..huge };
    assert_eq!(town.knocks("github", &unsigned).await.0, 401, "before anything of it is read");
    let large = format!("\"{}\"", "x".repeat(1024 * 1024 - 2));
    let signature = format!("sha256={}", digest(SECRET, large.as_bytes()));
    let large = Delivery::of(large).with("X-Hub-Signature-256", signature);
    assert_eq!(town.knocks("github", &large).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn senders_that_hold_every_place_keep_others_out_for_a_moment_only() {
    let town = Town::start().await;
    let pushes = town.bot.app.pushes.clone();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let site = move || {
        let pushes = pushes.clone();
        Site::new().configure(move |doors| pushes::doors(doors, &pushes))
    };
    let server = HttpServer::new(site).workers(1).disable_signals();
    let server = server.listen(listener).unwrap().run();
    let handle = server.handle();
    tokio::spawn(server);
    let slow = |_| async move {
        let mut socket = TcpStream::connect(address).await.unwrap();
        let head = "POST /hooks/github HTTP/1.1\r\nHost: bot\r\nX-Hub-Signature-256: sha256=00\r\n\
                    Content-Length: 1000\r\n\r\n{";
        socket.write_all(head.as_bytes()).await.unwrap();
        let mut answer = [0; 512];
        let read = socket.read(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer[..read]).into_owned()
    };
    // More than there are places: some wait for one, and all of them are told to come back.
    let answers = join_all((0..40).map(slow));
    let good = Delivery::github("workflow_run", &run_says(1));
    let meanwhile = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        town.knocks("github", &good).await
    };
    let (answers, meanwhile) = tokio::join!(answers, meanwhile);
    let crowded = answers.iter().filter(|answer| answer.contains("too many deliveries")).count();
    assert_eq!(crowded, 8, "{answers:?}");
    for answer in &answers {
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        assert!(answer.to_lowercase().contains("retry-after: 5"), "{answer}");
    }
    assert_eq!((meanwhile.0, remembered(&town.bot.app).await), (503, 0));
    assert_eq!(town.knocks("github", &good).await.0, 200, "they are gone");
    handle.stop(false).await;
}
